"""Random test images with what a model takes them for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.image_grid import MAX_CAPTION_NAME_LENGTH, Tile, chunk, plot_image_grid, to_rgb
from cifarbench.plots.style import shorten

COLUMNS = 5


def sample_indices(n_test: int, n_images: int, seed: int) -> np.ndarray:
    """Indices of random test images: the same for every model, and as many as there are at most."""
    return np.random.default_rng(seed).choice(n_test, size=min(n_images, n_test), replace=False)


def plot_predictions(
    pixels: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    classes: list[str],
    image_shape: list[int],
    style: dict[str, Any],
) -> Figure:
    """Images with true and predicted class; a wrong prediction has a cross and another colour.

    pixels: (n, C*H*W) uint8. true, predicted: (n,) int. style: `font_size`, `correct_color`, `error_color`.
    """
    names = [shorten(name, MAX_CAPTION_NAME_LENGTH) for name in classes]
    tiles = [
        Tile(
            picture,
            f"✓ {names[p]}" if t == p else f"✗ {names[p]}\ntrue: {names[t]}",
            style["correct_color"] if t == p else style["error_color"],
        )
        for picture, t, p in zip(to_rgb(pixels, image_shape), true, predicted, strict=True)
    ]
    return plot_image_grid(chunk(tiles, COLUMNS), COLUMNS, style)
