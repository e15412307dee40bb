"""Learned filters: the weights of a model's first layer, or its patches, as images."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.image_grid import Tile, chunk, plot_image_grid, to_rgb

COLUMNS = 12
MAX_FILTERS = 36
# Percentile of a filter's absolute weights that becomes black or white, so that outliers do not set the contrast.
MAX_BRIGHTNESS = 99.0


def plot_filters(filters: np.ndarray, style: dict[str, Any]) -> Figure:
    """Plot the filters with the largest weights; grey is 0, and each has its own contrast.

    filters: (n, C, h, w) float32. style: `font_size`.
    """
    size = np.sqrt(np.square(filters).sum(axis=(1, 2, 3)))
    chosen = filters[np.argsort(-size, kind="stable")[:MAX_FILTERS]]
    shape = " \N{MULTIPLICATION SIGN} ".join(map(str, filters.shape[1:]))
    header = f"{len(filters)} filters of {shape} values"
    if len(chosen) < len(filters):
        header += f": the {len(chosen)} with the largest weights"
    rows = chunk([Tile(image) for image in filters_to_rgb(chosen)], COLUMNS)
    return plot_image_grid(rows, COLUMNS, style, [header, *[None] * (len(rows) - 1)])


def filters_to_rgb(filters: np.ndarray) -> np.ndarray:
    """Return filters (n, C, h, w) as images (n, h, w, 3) uint8: 0 is grey, and each uses the full contrast.

    If C is not 1 or 3, the mean over channels is shown.
    """
    if filters.shape[1] not in (1, 3):
        filters = filters.mean(axis=1, keepdims=True)
    limit = np.percentile(np.abs(filters), MAX_BRIGHTNESS, axis=(1, 2, 3), keepdims=True)
    scaled = np.clip(filters / np.where(limit == 0, 1, limit), -1, 1)
    pixels = np.round(127.5 + 127.5 * scaled).astype(np.uint8)
    return to_rgb(pixels.reshape(len(pixels), -1), list(filters.shape[1:]))
