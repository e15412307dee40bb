"""Plot the comparison of all models; failed ones are left out."""

import numpy as np

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import drop_failed, read_csv
from cifarbench.plots import accuracy, cost, example_images, pairwise_differences
from cifarbench.plots.style import merge_text_style, save_png, save_svg
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plots. settings: `seed`, of the sampled images; the styles of the plots and of their `text`."""
    rows, pairs = drop_failed(read_csv(job.input.comparison)), read_csv(job.input.tests)
    style = merge_text_style(job.settings)

    save_svg(accuracy.plot_accuracy(rows, style["accuracy"]), job.output.accuracy, accuracy.alt_text(rows))
    save_svg(cost.plot_cost(rows, style["cost"]), job.output.cost, cost.cost_alt_text(rows))
    dataset = read_json(job.input.dataset)
    published = cost.PUBLISHED_ON_CIFAR10 if dataset["type"] == "cifar10" else None
    figure = cost.plot_fit_time(rows, style["cost"], published)
    save_svg(figure, job.output.fit_time, cost.fit_time_alt_text(rows))
    models = [row["model"] for row in rows]
    figure = pairwise_differences.plot_paired_differences(models, pairs, style["paired_tests"])
    save_svg(figure, job.output.pairwise_differences, pairwise_differences.alt_text(models, pairs))

    pixels = np.load(job.input.test_images, mmap_mode="r")
    agreement, image_shape = read_json(job.input.agreement), dataset["image_shape"]
    image_style = style["agreement"] | {"seed": job.settings["seed"]}
    for plot, path in (
        (example_images.plot_misclassified_by_all, job.output.misclassified_by_all),
        (example_images.plot_correct_by_one, job.output.correct_by_one),
        (example_images.plot_family_disagreements, job.output.family_disagreements),
    ):
        save_png(plot(pixels, agreement, image_shape, image_style), path, image_style["dpi"])
