"""What a model has learned to look for: the weights of its first layer, or its patches, as images."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.image_grid import Tile, chunk, plot_image_grid, to_rgb

COLUMNS = 12
# More than so many look like noise.
MAX_FILTERS = 36
# Of each filter's weights, the few largest do not decide how bright all others are.
MAX_BRIGHTNESS = 99.0


def plot_filters(filters: np.ndarray, style: dict[str, Any]) -> Figure:
    """The filters of the largest weights first, each with its own contrast: grey is 0. filters: (n, C, h, w) float32.

    style: `font_size`.
    """
    size = np.sqrt(np.square(filters).sum(axis=(1, 2, 3)))
    chosen = filters[np.argsort(-size, kind="stable")[:MAX_FILTERS]]
    shape = " \N{MULTIPLICATION SIGN} ".join(map(str, filters.shape[1:]))
    head = f"{len(filters)} filters of {shape} values"
    if len(chosen) < len(filters):
        head += f": the {len(chosen)} with the largest weights"
    rows = chunk([Tile(picture) for picture in filters_to_rgb(chosen)], COLUMNS)
    return plot_image_grid(rows, COLUMNS, style, [head, *[None] * (len(rows) - 1)])


def filters_to_rgb(filters: np.ndarray) -> np.ndarray:
    """Pictures (n, h, w, 3) uint8 of filters (n, C, h, w): 0 is grey, and each spans black to white by itself.

    Of other than one or three channels, the mean is shown.
    """
    if filters.shape[1] not in (1, 3):
        filters = filters.mean(axis=1, keepdims=True)
    most = np.percentile(np.abs(filters), MAX_BRIGHTNESS, axis=(1, 2, 3), keepdims=True)
    scaled = np.clip(filters / np.where(most == 0, 1, most), -1, 1)
    pixels = np.round(127.5 + 127.5 * scaled).astype(np.uint8)
    return to_rgb(pixels.reshape(len(pixels), -1), list(filters.shape[1:]))
