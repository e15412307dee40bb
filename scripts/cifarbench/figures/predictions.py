"""Random test images with what a model takes them for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.figures.pictures import Tile, as_pictures, draw, in_rows

COLUMNS = 5


def choose(n_test: int, n_pictures: int, seed: int) -> np.ndarray:
    """Indices of random test images: the same for every model, and as many as there are at most."""
    return np.random.default_rng(seed).choice(n_test, size=min(n_pictures, n_test), replace=False)


def draw_predictions(
    pixels: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    classes: list[str],
    image_shape: list[int],
    style: dict[str, Any],
) -> Figure:
    """Images with true and predicted class; a wrong prediction has a cross and another colour.

    pixels: (n, C*H*W) uint8. true, predicted: (n,) int. style: `font_size`, `right_color`, `wrong_color`.
    """
    tiles = [
        Tile(
            picture,
            f"✓ {classes[p]}" if t == p else f"✗ {classes[p]}\ntrue: {classes[t]}",
            style["right_color"] if t == p else style["wrong_color"],
        )
        for picture, t, p in zip(as_pictures(pixels, image_shape), true, predicted, strict=True)
    ]
    return draw(in_rows(tiles, COLUMNS), COLUMNS, style)
