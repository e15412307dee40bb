"""Draw all models side by side; those that failed are left out."""

from pathlib import Path

import numpy as np

from cifarbench.evaluation.comparison import succeeded
from cifarbench.figures import accuracy as dots
from cifarbench.figures import agreement as images
from cifarbench.figures import cost as costs
from cifarbench.figures import fit_time as times
from cifarbench.figures import paired
from cifarbench.figures.style import save_png, save_svg
from cifarbench.study.command import run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(
    comparison: Path,
    tests: Path,
    agreement: Path,
    test_images: Path,
    dataset: Path,
    accuracy: Path,
    paired_tests: Path,
    cost: Path,
    fit_time: Path,
    always_wrong: Path,
    only_one_right: Path,
    rivals: Path,
    settings: dict,
) -> None:
    """settings: `seed`, which chooses the images; of the configuration's figures, `text` and those drawn."""
    rows, pairs = succeeded(read_rows(comparison)), read_rows(tests)
    style = {
        name: settings["text"] | section for name, section in settings.items() if isinstance(section, dict)
    }

    save_svg(dots.draw(rows, style["accuracy"]), accuracy, dots.describe(rows))
    save_svg(costs.draw(rows, style["cost"]), cost, costs.describe(rows))
    save_svg(times.draw(rows, style["cost"]), fit_time, times.describe(rows))
    models = [row["model"] for row in rows]
    drawing = paired.draw(models, pairs, style["paired_tests"])
    save_svg(drawing, paired_tests, paired.describe(models, pairs))

    pixels = np.load(test_images, mmap_mode="r")
    found, image_shape = read_json(agreement), read_json(dataset)["image_shape"]
    of_images = style["agreement"] | {"seed": settings["seed"]}
    for draw, path in (
        (images.draw_always_wrong, always_wrong),
        (images.draw_only_one_right, only_one_right),
        (images.draw_rivals, rivals),
    ):
        save_png(draw(pixels, found, image_shape, of_images), path, of_images["dpi"])


if __name__ == "__main__":
    run(main)
