"""Draw random test images with a model's predictions."""

from pathlib import Path

import numpy as np

from cifarbench.figures.predictions import choose, draw_predictions
from cifarbench.figures.style import save_png
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(predictions: Path, test_images: Path, dataset: Path, figure: Path, settings: dict) -> None:
    """settings: `seed` (which images), `n_pictures`, `dpi`, `font_size`, `right_color`, `wrong_color`."""
    about = read_json(dataset)
    pixels = np.load(test_images, mmap_mode="r")
    chosen = choose(len(pixels), settings["n_pictures"], settings["seed"])
    with np.load(predictions) as arrays:
        true, predicted = arrays["y_true"][chosen], arrays["y_pred"][chosen]
    picture = draw_predictions(
        pixels[chosen], true, predicted, about["classes"], about["image_shape"], settings
    )
    save_png(picture, figure, settings["dpi"])


if __name__ == "__main__":
    run(main)
