"""Draw images that every model gets wrong, and images that one model alone gets right."""

from pathlib import Path

import numpy as np

from cifarbench.figures.agreement import draw_always_wrong, draw_only_one_right
from cifarbench.figures.style import save_png
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(
    agreement: Path,
    test_images: Path,
    dataset: Path,
    always_wrong: Path,
    only_one_right: Path,
    settings: dict,
) -> None:
    """settings: `seed`, which chooses the images, `n_pictures`, `dpi`, `font_size`."""
    pixels = np.load(test_images, mmap_mode="r")
    found, image_shape = read_json(agreement), read_json(dataset)["image_shape"]
    for draw, path in ((draw_always_wrong, always_wrong), (draw_only_one_right, only_one_right)):
        save_png(draw(pixels, found, image_shape, settings), path, settings["dpi"])


if __name__ == "__main__":
    run(main)
