"""Real photographs, cut into many small images: those that come with scikit-learn and scikit-image."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageOps
from skimage import data
from sklearn.datasets import load_sample_images

SHAPE = (3, 32, 32)
# Of the part of a photograph that an image is made of, with what lies around it.
TILE, AROUND = 48, 8


@cache
def tiles() -> list[Image.Image]:
    """Parts of photographs that do not overlap, each with a margin that copies may show: 64 x 64."""
    photographs = [*load_sample_images().images, data.astronaut(), data.coffee(), data.chelsea()]
    side = TILE + 2 * AROUND
    return [
        Image.fromarray(photograph[top : top + side, left : left + side])
        for photograph in photographs
        for top in range(0, photograph.shape[0] - side + 1, side)
        for left in range(0, photograph.shape[1] - side + 1, side)
    ]


def seen(tile: Image.Image, box: tuple[float, float, float, float] | None = None) -> Image.Image:
    """The image of a tile: its middle, or another part of it, at 32 x 32."""
    box = box or (AROUND, AROUND, AROUND + TILE, AROUND + TILE)
    return tile.resize(SHAPE[1:], Image.Resampling.BOX, box)


def row(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).transpose(2, 0, 1).reshape(-1)


def identical(tile: Image.Image) -> Image.Image:
    return seen(tile)


def encoded(tile: Image.Image) -> Image.Image:
    written = io.BytesIO()
    seen(tile).save(written, "JPEG", quality=75)
    return Image.open(written)


def shifted(tile: Image.Image) -> Image.Image:
    # By 3 and 2 pixels of 32.
    return seen(tile, (AROUND + 4.5, AROUND - 3, AROUND + TILE + 4.5, AROUND + TILE - 3))


def mirrored(tile: Image.Image) -> Image.Image:
    return ImageOps.mirror(seen(tile))


def brightened(tile: Image.Image) -> Image.Image:
    return seen(tile).point(lambda value: min(255, int(1.2 * value + 20)))


def cropped(tile: Image.Image) -> Image.Image:
    # 83% of its side.
    return seen(tile, (AROUND + 4, AROUND + 4, AROUND + TILE - 4, AROUND + TILE - 4))


COPIES = {
    "identical": identical,
    "re-encoded": encoded,
    "shifted": shifted,
    "mirrored": mirrored,
    "brightness_changed": brightened,
    "cropped": cropped,
}


def stretched(tile: Image.Image) -> Image.Image:
    # By an eighth, across alone.
    return seen(tile, (AROUND + 3, AROUND, AROUND + TILE - 3, AROUND + TILE))


def tilted(tile: Image.Image) -> Image.Image:
    return seen(tile.rotate(5, Image.Resampling.BICUBIC))


def tinted(tile: Image.Image) -> Image.Image:
    red, green, blue = seen(tile).split()
    return Image.merge("RGB", (red.point(lambda value: min(255, value + 30)), green, blue))


def recoloured(tile: Image.Image) -> Image.Image:
    """The same shapes and light in other colours, written anew."""
    red, green, blue = encoded(tile).split()
    return Image.merge("RGB", (blue, red, green))


UNNAMED = {"stretched": stretched, "tilted": tilted, "tinted": tinted}
