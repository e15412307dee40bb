"""One picture, PNG or JPEG, as the pixels of an image of a dataset."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

MODES = {1: "L", 3: "RGB"}
# Of EXIF: how the camera was held, 1 if upright.
ORIENTATION = 0x0112
# Where a PNG says how many bits a channel has.
PNG, PNG_BITS = b"\x89PNG\r\n\x1a\n", 24


def read_image(
    path: Path, image_shape: tuple[int, int, int], resize: bool, mend: str
) -> tuple[np.ndarray, list[str]]:
    """The picture in a file, as `picture_of` has it."""
    return decode_image(path, str(path), image_shape, resize, mend)


def decode_image(
    source: Path | io.BytesIO, name: str, image_shape: tuple[int, int, int], resize: bool, mend: str
) -> tuple[np.ndarray, list[str]]:
    """A picture as (channels * height * width,) uint8, and what had to be done to it, a sentence each.

    Colours become grey where `image_shape` has one channel. The picture must have its size, unless `resize`: then it is
    scaled to fill it, and what stands over is cut off on both sides alike. name: how messages call it. mend: how to
    have it so, for the message.

    Raises UserError for a picture that can't be read, or that has another size.
    """
    channels, height, width = image_shape
    remarks = []
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a small file that unpacks to hundreds of megabytes.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=["PNG", "JPEG"]) as file:
                if file.mode.startswith(("I", "F")) or _bits(source) > 8:
                    # Pillow would cut off what is brighter than 255, or the lower half of each value.
                    raise ValueError("more than 8 bits a channel")
                # Cameras turn the picture by a note, not by its pixels.
                if file.getexif().get(ORIENTATION, 1) != 1:
                    remarks.append(f"{name} was turned, as its EXIF says.")
                if file.mode == "CMYK":
                    remarks.append(f"{name} was brought from CMYK to RGB, without a colour profile.")
                if getattr(file, "is_animated", False):
                    remarks.append(f"{name} holds {file.n_frames} pictures; the first was taken.")
                picture = ImageOps.exif_transpose(file).convert(MODES[channels])
    except Exception as error:
        # Pillow's parsers end in errors of a dozen kinds when a file is no picture.
        raise UserError(
            f"{name} can't be read as a picture ({_reason(error)}); mend it or take it away."
        ) from None
    if resize:
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    if picture.size != (width, height):
        raise UserError(
            f"{name} is {picture.width} x {picture.height} pixels, not {width} x {height} as image_shape says; {mend}."
        )
    pixels = np.asarray(picture).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
    return pixels, remarks


def image_format(path: Path) -> str:
    """Width, height and colour mode of a picture, as its header says: `640 x 480, RGB`.

    Raises UserError if it can't be read.
    """
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as file:
            return f"{file.width} x {file.height}, {file.mode}"
    except Exception as error:
        raise UserError(
            f"{path} can't be read as a picture ({_reason(error)}); mend it or take it away."
        ) from None


def _bits(source: Path | io.BytesIO) -> int:
    """Bits a channel, as a PNG says; those of a JPEG are 8, or Pillow does not read it."""
    if isinstance(source, Path):
        with open(source, "rb") as file:
            head = file.read(PNG_BITS + 1)
    else:
        head = source.getvalue()[: PNG_BITS + 1]
    return head[PNG_BITS] if head.startswith(PNG) else 8


def _reason(error: Exception) -> str:
    match error:
        case Image.UnidentifiedImageError():
            return "it is neither PNG nor JPEG"
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return "it claims more pixels than a photograph has"
        case OSError(strerror=str(reason)):
            return reason
    return escape_ascii(error)
