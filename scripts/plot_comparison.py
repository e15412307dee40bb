"""Draw all models side by side; those that failed are left out."""

import numpy as np

from cifarbench.evaluation.comparison import drop_failed
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from cifarbench.plots import accuracy as dots
from cifarbench.plots import agreement as images
from cifarbench.plots import cost as costs
from cifarbench.plots import fit_time as times
from cifarbench.plots import pairwise_differences
from cifarbench.plots.style import save_png, save_svg
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """settings: `seed`, which chooses the images; of the configuration's figures, `text` and those drawn."""
    rows, pairs = drop_failed(read_csv(job.input.comparison)), read_csv(job.input.tests)
    style = {
        name: job.settings["text"] | section
        for name, section in job.settings.items()
        if isinstance(section, dict)
    }

    save_svg(dots.plot_accuracy(rows, style["accuracy"]), job.output.accuracy, dots.alt_text(rows))
    save_svg(costs.plot_cost(rows, style["cost"]), job.output.cost, costs.alt_text(rows))
    save_svg(times.plot_fit_time(rows, style["cost"]), job.output.fit_time, times.alt_text(rows))
    models = [row["model"] for row in rows]
    drawing = pairwise_differences.plot_paired_differences(models, pairs, style["paired_tests"])
    save_svg(drawing, job.output.paired_tests, pairwise_differences.alt_text(models, pairs))

    pixels = np.load(job.input.test_images, mmap_mode="r")
    found, image_shape = read_json(job.input.agreement), read_json(job.input.dataset)["image_shape"]
    of_images = style["agreement"] | {"seed": job.settings["seed"]}
    for draw, path in (
        (images.plot_misclassified_by_all, job.output.misclassified_by_all),
        (images.plot_correct_by_one, job.output.correct_by_one),
        (images.plot_family_disagreements, job.output.family_disagreements),
    ):
        save_png(draw(pixels, found, image_shape, of_images), path, of_images["dpi"])
