"""Small images cut from the photographs of scikit-learn and scikit-image."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageOps
from skimage import data
from sklearn.datasets import load_sample_images

SHAPE = (3, 32, 32)
# Side of the part of a photograph that becomes an image, and width of the margin around it.
TILE, AROUND = 48, 8


@cache
def tiles() -> list[Image.Image]:
    """Return non-overlapping parts of photographs, 64 x 64 with a margin that copies may include."""
    photographs = [*load_sample_images().images, data.astronaut(), data.coffee(), data.chelsea()]
    side = TILE + 2 * AROUND
    return [
        Image.fromarray(photograph[top : top + side, left : left + side])
        for photograph in photographs
        for top in range(0, photograph.shape[0] - side + 1, side)
        for left in range(0, photograph.shape[1] - side + 1, side)
    ]


def seen(tile: Image.Image, box: tuple[float, float, float, float] | None = None) -> Image.Image:
    """Return the image of a tile at 32 x 32: its centre, or another part of it."""
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
    # By 3 and 2 of 32 pixels.
    return seen(tile, (AROUND + 4.5, AROUND - 3, AROUND + TILE + 4.5, AROUND + TILE - 3))


def mirrored(tile: Image.Image) -> Image.Image:
    return ImageOps.mirror(seen(tile))


def brightened(tile: Image.Image) -> Image.Image:
    return seen(tile).point(lambda value: min(255, int(1.2 * value + 20)))


def cropped(tile: Image.Image) -> Image.Image:
    # 83% of the side.
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
    # By an eighth, horizontally only.
    return seen(tile, (AROUND + 3, AROUND, AROUND + TILE - 3, AROUND + TILE))


def tilted(tile: Image.Image) -> Image.Image:
    return seen(tile.rotate(5, Image.Resampling.BICUBIC))


def tinted(tile: Image.Image) -> Image.Image:
    red, green, blue = seen(tile).split()
    return Image.merge("RGB", (red.point(lambda value: min(255, value + 30)), green, blue))


def recoloured(tile: Image.Image) -> Image.Image:
    """Return the re-encoded image with permuted colour channels."""
    red, green, blue = encoded(tile).split()
    return Image.merge("RGB", (blue, red, green))


UNNAMED = {"stretched": stretched, "tilted": tilted, "tinted": tinted}
