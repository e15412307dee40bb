"""Draw examples of the classes that a model confuses most often."""

from pathlib import Path

import numpy as np

from cifarbench.figures.confused_pairs import draw_confused_pairs
from cifarbench.figures.style import save_png
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(metrics: Path, test_images: Path, dataset: Path, figure: Path, settings: dict) -> None:
    """settings: `dpi`, `font_size`."""
    pixels = np.load(test_images, mmap_mode="r")
    pairs, image_shape = read_json(metrics)["confused_pairs"], read_json(dataset)["image_shape"]
    save_png(draw_confused_pairs(pixels, pairs, image_shape, settings), figure, settings["dpi"])


if __name__ == "__main__":
    run(main)
