"""What a model has learned to look for: the weights of its first layer, or its patches, as images."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.figures.pictures import Tile, as_pictures, draw, in_rows

COLUMNS = 12
# More than so many look like noise.
MOST = 36
# Of each filter's weights, the few largest do not decide how bright all others are.
BRIGHTEST = 99.0


def draw_filters(filters: np.ndarray, style: dict[str, Any]) -> Figure:
    """The filters of the largest weights first, each with its own contrast: grey is 0. filters: (n, C, h, w) float32.

    style: `font_size`.
    """
    size = np.sqrt(np.square(filters).sum(axis=(1, 2, 3)))
    chosen = filters[np.argsort(-size, kind="stable")[:MOST]]
    shape = " \N{MULTIPLICATION SIGN} ".join(map(str, filters.shape[1:]))
    head = f"{len(filters)} filters of {shape} values"
    if len(chosen) < len(filters):
        head += f": the {len(chosen)} with the largest weights"
    rows = in_rows([Tile(picture) for picture in as_pixels(chosen)], COLUMNS)
    return draw(rows, COLUMNS, style, [head, *[None] * (len(rows) - 1)])


def as_pixels(filters: np.ndarray) -> np.ndarray:
    """Pictures (n, h, w, 3) uint8 of filters (n, C, h, w): 0 is grey, and each spans black to white by itself.

    Of other than one or three channels, the mean is shown.
    """
    if filters.shape[1] not in (1, 3):
        filters = filters.mean(axis=1, keepdims=True)
    most = np.percentile(np.abs(filters), BRIGHTEST, axis=(1, 2, 3), keepdims=True)
    scaled = np.clip(filters / np.where(most == 0, 1, most), -1, 1)
    pixels = np.round(127.5 + 127.5 * scaled).astype(np.uint8)
    return as_pictures(pixels.reshape(len(pixels), -1), list(filters.shape[1:]))
