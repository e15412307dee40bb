"""Test images as tiles, each with a band of words below it."""

from dataclasses import dataclass
from math import ceil
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
# The columns for which a head has that height; of more, tiles are smaller, but words are not.
COLUMNS = 8
BACKGROUND = "#e8e8e8"
# Characters of the name of a class below an image, of five in a row.
MAX_CAPTION_NAME_LENGTH = 14


@dataclass(frozen=True)
class Tile:
    """An image (H, W, 3) uint8, up to two lines of words, and the colour of the band that they stand on."""

    image: np.ndarray
    caption: str = ""
    color: str = BACKGROUND


def plot_image_grid(
    rows: list[list[Tile]], columns: int, style: dict[str, Any], heads: list[str | None] | None = None
) -> Figure:
    """Tiles in rows of up to `columns`, under a head for each row that has one. style: `font_size`.

    A band is opaque, so that its words can be read on a light page and on a dark one.
    """
    band = CAPTION_HEIGHT if any(tile.caption for tiles in rows for tile in tiles) else 0.0
    tops = (
        [0.0] * len(rows)
        if heads is None
        else [HEADER_HEIGHT * bool(text) * max(columns / COLUMNS, 1) for text in heads]
    )
    heights = [head + bool(tiles) * (1 + band) + GAP for head, tiles in zip(tops, rows, strict=True)]
    width, height = columns * (1 + GAP) - GAP, sum(heights) - GAP
    figure, axes = new_figure(height=WIDTH * height / width, font_size=style["font_size"])
    figure.set_layout_engine("none")
    axes.set_position([0, 0, 1, 1])
    axes.set_axis_off()
    for row, tiles in enumerate(rows):
        top, head = sum(heights[:row]), tops[row]
        if head:
            _plate(axes, 0, top, width, head - GAP / 2, heads[row], BACKGROUND, align="left")
        for column, tile in enumerate(tiles):
            left, middle = column * (1 + GAP), top + head
            axes.imshow(tile.image, extent=(left, left + 1, middle + 1, middle), interpolation="nearest")
            if band:
                _plate(axes, left, middle + 1, 1, band, tile.caption, tile.color)
    axes.set(xlim=(0, width), ylim=(height, 0))
    return figure


def _plate(
    axes: Axes,
    left: float,
    top: float,
    width: float,
    height: float,
    words: str,
    color: str,
    align: str = "center",
) -> None:
    axes.add_patch(Rectangle((left, top), width, height, facecolor=color, linewidth=0))
    x = left + width / 2 if align == "center" else left + GAP
    axes.text(
        x, top + height / 2, words, color=contrast_color(color), ha=align, va="center", linespacing=1.15
    )


def chunk(tiles: list[Tile], columns: int) -> list[list[Tile]]:
    """Tiles one after the other, so many to a row."""
    return [tiles[i * columns : (i + 1) * columns] for i in range(ceil(len(tiles) / columns))]


def to_rgb(pixels: np.ndarray, image_shape: list[int]) -> np.ndarray:
    """Rows of pixel values (N, C*H*W) uint8 as colour pictures (N, H, W, 3)."""
    pictures = pixels.reshape(-1, *image_shape).transpose(0, 2, 3, 1)
    return np.repeat(pictures, 3, axis=3) if image_shape[0] == 1 else pictures
