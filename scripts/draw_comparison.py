"""Draw all models side by side; those that failed are left out."""

import numpy as np

from cifarbench.evaluation.comparison import succeeded
from cifarbench.figures import accuracy as dots
from cifarbench.figures import agreement as images
from cifarbench.figures import cost as costs
from cifarbench.figures import fit_time as times
from cifarbench.figures import paired
from cifarbench.figures.style import save_png, save_svg
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(job: Job) -> None:
    """settings: `seed`, which chooses the images; of the configuration's figures, `text` and those drawn."""
    rows, pairs = succeeded(read_rows(job.input.comparison)), read_rows(job.input.tests)
    style = {
        name: job.settings["text"] | section
        for name, section in job.settings.items()
        if isinstance(section, dict)
    }

    save_svg(dots.draw(rows, style["accuracy"]), job.output.accuracy, dots.describe(rows))
    save_svg(costs.draw(rows, style["cost"]), job.output.cost, costs.describe(rows))
    save_svg(times.draw(rows, style["cost"]), job.output.fit_time, times.describe(rows))
    models = [row["model"] for row in rows]
    drawing = paired.draw(models, pairs, style["paired_tests"])
    save_svg(drawing, job.output.paired_tests, paired.describe(models, pairs))

    pixels = np.load(job.input.test_images, mmap_mode="r")
    found, image_shape = read_json(job.input.agreement), read_json(job.input.dataset)["image_shape"]
    of_images = style["agreement"] | {"seed": job.settings["seed"]}
    for draw, path in (
        (images.draw_always_wrong, job.output.always_wrong),
        (images.draw_only_one_right, job.output.only_one_right),
        (images.draw_rivals, job.output.rivals),
    ):
        save_png(draw(pixels, found, image_shape, of_images), path, of_images["dpi"])


if __name__ == "__main__":
    run(main)
