"""Example images of the classes that a model takes for each other most often."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.image_grid import Tile, plot_image_grid, to_rgb
from cifarbench.plots.style import MAX_NAME_LENGTH, shorten

# As many as metrics.json has examples of a pair.
COLUMNS = 8


def plot_confused_pairs(
    pixels: np.ndarray, pairs: list[dict[str, Any]], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """A row of images for each pair, those first of which the model is surest.

    pixels: (N, C*H*W) uint8, all test images. pairs: `confused_pairs` of metrics.json. style: `font_size`.
    """
    if not pairs:
        return plot_image_grid([[]], COLUMNS, style, ["No image is taken for another class."])
    rows = [[Tile(image) for image in to_rgb(pixels[pair["indices"]], image_shape)] for pair in pairs]
    return plot_image_grid(rows, COLUMNS, style, [_header(pair) for pair in pairs])


def _header(pair: dict[str, Any]) -> str:
    true, predicted = (shorten(pair[name], MAX_NAME_LENGTH) for name in ("true_class", "predicted_class"))
    images = "image" if pair["count"] == 1 else "images"
    return f"{true}, predicted as {predicted}: {pair['count']} {images}, {pair['rate']:.1%} of the class"
