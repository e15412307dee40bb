"""Draw what a model gets right and wrong: all of its figures that tell of its predictions."""

import numpy as np

from cifarbench.io.atomic import load_npz, read_json
from cifarbench.plots import confused_pairs as pairs
from cifarbench.plots import confusion_matrix
from cifarbench.plots import reliability as sureness
from cifarbench.plots import sample_predictions as random_images
from cifarbench.plots.style import placeholder_figure, save_png, save_svg
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """fit: says whether the model gives probabilities.

    settings: `model`; `seed`, which chooses the images; of the configuration's figures, `text` and those drawn.
    """
    model, scores, about = job.settings["model"], read_json(job.input.metrics), read_json(job.input.dataset)
    classes, image_shape = about["classes"], about["image_shape"]
    pixels = np.load(job.input.test_images, mmap_mode="r")
    style = {
        name: job.settings["text"] | section
        for name, section in job.settings.items()
        if isinstance(section, dict)
    }

    matrix = np.array(scores["confusion_matrix"])
    drawing = confusion_matrix.plot_confusion_matrix(matrix, classes, style["confusion_matrix"])
    save_svg(drawing, job.output.confusion_matrix, confusion_matrix.alt_text(model, matrix, classes))

    drawing = pairs.plot_confused_pairs(
        pixels, scores["confused_pairs"], image_shape, style["confused_pairs"]
    )
    save_png(drawing, job.output.confused_pairs, style["confused_pairs"]["dpi"])

    if read_json(job.input.fit)["has_probabilities"]:
        drawing, words = (
            sureness.plot_reliability_diagram(scores, style["reliability"]),
            sureness.alt_text(model, scores),
        )
    else:
        drawing, words = (
            placeholder_figure(sureness.NO_PROBABILITIES_TEXT, style["reliability"]),
            f"{model}: {sureness.NO_PROBABILITIES_TEXT}",
        )
    save_svg(drawing, job.output.reliability, words)

    chosen = random_images.sample_indices(len(pixels), style["predictions"]["n_images"], job.settings["seed"])
    answers = load_npz(job.input.predictions)
    true, predicted = answers["y_true"][chosen], answers["y_pred"][chosen]
    drawing = random_images.plot_predictions(
        pixels[chosen], true, predicted, classes, image_shape, style["predictions"]
    )
    save_png(drawing, job.output.pictures, style["predictions"]["dpi"])
