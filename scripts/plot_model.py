"""Plot the predictions of a model: confusion matrix, confused pairs, reliability, ROC and sample images."""

import numpy as np

from cifarbench.io.atomic import load_npz, read_json
from cifarbench.plots import confusion_matrix, example_images, reliability, roc_pr
from cifarbench.plots.style import merge_text_style, placeholder_figure, save_png, save_svg
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plots. settings: `model`; `seed`, of the sampled images; the styles of the plots and of `text`."""
    model, scores, dataset = job.settings["model"], read_json(job.input.metrics), read_json(job.input.dataset)
    classes, image_shape = dataset["classes"], dataset["image_shape"]
    pixels = np.load(job.input.test_images, mmap_mode="r")
    style = merge_text_style(job.settings)

    matrix = np.array(scores["confusion_matrix"])
    figure = confusion_matrix.plot_confusion_matrix(matrix, classes, style["confusion_matrix"])
    save_svg(figure, job.output.confusion_matrix, confusion_matrix.alt_text(model, matrix, classes))

    pairs = scores["confused_pairs"]
    figure = example_images.plot_confused_pairs(pixels, pairs, image_shape, style["confused_pairs"])
    save_png(figure, job.output.confused_pairs, style["confused_pairs"]["dpi"])

    predictions = load_npz(job.input.predictions)
    if read_json(job.input.fit)["has_probabilities"]:
        figure = reliability.plot_reliability_diagram(scores, style["reliability"])
        save_svg(figure, job.output.reliability, reliability.alt_text(model, scores))
        figure = roc_pr.plot_roc_pr(predictions["y_true"], predictions["proba"], scores, style["reliability"])
        save_svg(figure, job.output.roc_pr, roc_pr.alt_text(model, scores))
    else:
        for path in (job.output.reliability, job.output.roc_pr):
            figure = placeholder_figure(reliability.NO_PROBABILITIES_TEXT, style["reliability"])
            save_svg(figure, path, f"{model}: {reliability.NO_PROBABILITIES_TEXT}")

    indices = example_images.sample_indices(
        len(pixels), style["predictions"]["n_images"], job.settings["seed"]
    )
    true, predicted = predictions["y_true"][indices], predictions["y_pred"][indices]
    figure = example_images.plot_predictions(
        pixels[indices], true, predicted, classes, image_shape, style["predictions"]
    )
    save_png(figure, job.output.images, style["predictions"]["dpi"])
