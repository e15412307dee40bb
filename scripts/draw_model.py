"""Draw what a model gets right and wrong: all of its figures that tell of its predictions."""

import numpy as np

from cifarbench.figures import confused_pairs as pairs
from cifarbench.figures import confusion
from cifarbench.figures import predictions as random_images
from cifarbench.figures import reliability as sureness
from cifarbench.figures.style import only_words, save_png, save_svg
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_arrays, read_json


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
    drawing = confusion.draw(matrix, classes, style["confusion_matrix"])
    save_svg(drawing, job.output.confusion_matrix, confusion.describe(model, matrix, classes))

    drawing = pairs.draw_confused_pairs(
        pixels, scores["confused_pairs"], image_shape, style["confused_pairs"]
    )
    save_png(drawing, job.output.confused_pairs, style["confused_pairs"]["dpi"])

    if read_json(job.input.fit)["probabilities"]:
        drawing, words = sureness.draw(scores, style["reliability"]), sureness.describe(model, scores)
    else:
        drawing, words = only_words(sureness.UNTOLD, style["reliability"]), f"{model}: {sureness.UNTOLD}"
    save_svg(drawing, job.output.reliability, words)

    chosen = random_images.choose(len(pixels), style["predictions"]["n_pictures"], job.settings["seed"])
    answers = read_arrays(job.input.predictions)
    true, predicted = answers["y_true"][chosen], answers["y_pred"][chosen]
    drawing = random_images.draw_predictions(
        pixels[chosen], true, predicted, classes, image_shape, style["predictions"]
    )
    save_png(drawing, job.output.pictures, style["predictions"]["dpi"])


if __name__ == "__main__":
    run(main)
