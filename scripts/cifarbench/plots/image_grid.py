"""Grids of test images, with captions or row headers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cifarbench.plots.style import WIDTH, contrast_color, new_figure

# In units of an image's width.
GAP = 0.1
CAPTION_HEIGHT = 0.34
HEADER_HEIGHT = 0.3
# Columns for which a header has that height; with more, images are smaller, but the text is not.
HEADER_COLUMNS = 8
BACKGROUND = "#e8e8e8"
# Characters of a class name in the caption of an image, with five images in a row.
MAX_CAPTION_NAME_LENGTH = 14


@dataclass(frozen=True)
class Tile:
    """An image (H, W, 3) uint8 with a caption of up to two lines and its background color."""

    image: np.ndarray
    caption: str = ""
    color: str = BACKGROUND


def plot_image_grid(
    rows: list[list[Tile]], columns: int, style: dict[str, Any], headers: list[str | None] | None = None
) -> Figure:
    """Plot rows of up to `columns` images, each below its header if it has one. style: `font_size`.

    Captions have an opaque background, so that they can be read on a light and on a dark page.
    """
    headers = headers or [None] * len(rows)
    caption = CAPTION_HEIGHT if any(tile.caption for tiles in rows for tile in tiles) else 0.0
    header_heights = [HEADER_HEIGHT * bool(text) * max(columns / HEADER_COLUMNS, 1) for text in headers]
    heights = [
        header + bool(tiles) * (1 + caption) + GAP for header, tiles in zip(header_heights, rows, strict=True)
    ]
    width, height = columns * (1 + GAP) - GAP, sum(heights) - GAP
    figure, axes = new_figure(height=WIDTH * height / width, font_size=style["font_size"])
    figure.set_layout_engine("none")
    axes.set_position([0, 0, 1, 1])
    axes.set_axis_off()
    top = 0.0
    for tiles, header, header_height, row_height in zip(rows, headers, header_heights, heights, strict=True):
        if header:
            _add_text(axes, (0, top, width, header_height - GAP / 2), header, BACKGROUND, align="left")
        for column, tile in enumerate(tiles):
            left, upper = column * (1 + GAP), top + header_height
            axes.imshow(tile.image, extent=(left, left + 1, upper + 1, upper), interpolation="nearest")
            if caption:
                _add_text(axes, (left, upper + 1, 1, caption), tile.caption, tile.color, align="center")
        top += row_height
    axes.set(xlim=(0, width), ylim=(height, 0))
    return figure


def _add_text(axes: Axes, box: tuple[float, float, float, float], text: str, color: str, align: str) -> None:
    """Write a text in a box (left, top, width, height) filled with a color."""
    left, top, width, height = box
    axes.add_patch(Rectangle((left, top), width, height, facecolor=color, linewidth=0))
    x = left + width / 2 if align == "center" else left + GAP
    position: dict[str, Any] = {"ha": align, "va": "center", "linespacing": 1.15}
    axes.text(x, top + height / 2, text, color=contrast_color(color), **position)


def chunk(tiles: list[Tile], columns: int) -> list[list[Tile]]:
    """Return the tiles in rows of `columns`."""
    return [tiles[start : start + columns] for start in range(0, len(tiles), columns)]


def to_rgb(pixels: np.ndarray, image_shape: list[int]) -> np.ndarray:
    """Return pixels (N, C*H*W) uint8 as color images (N, H, W, 3)."""
    images = pixels.reshape(-1, *image_shape).transpose(0, 2, 3, 1)
    return np.repeat(images, 3, axis=3) if image_shape[0] == 1 else images
