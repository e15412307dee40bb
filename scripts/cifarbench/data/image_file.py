"""Read a PNG or JPEG file as the pixels of one image."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Pillow's mode for each number of channels.
MODES = {1: "L", 3: "RGB"}
RESIZE_HINT = "set resize: true to have pictures scaled and cut to it"
# EXIF tag of the camera's orientation; 1 is upright.
ORIENTATION = 0x0112
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Position of the byte in a PNG that is the number of bits per channel.
PNG_BITS_POSITION = 24


def read_image(
    source: Path | io.BytesIO,
    image_shape: tuple[int, int, int],
    resize: bool,
    name: str = "",
    remedy: str = RESIZE_HINT,
) -> tuple[np.ndarray, list[str]]:
    """Return an image as (channels * height * width,) uint8, and one sentence for each change it needed.

    Colours become grey where `image_shape` has one channel. The image must have its size, unless `resize`: then it is
    scaled to cover it, and cropped at the centre. name: of the image in messages; its path unless given. remedy: for
    the message about another size.

    Raises UserError for an image that can't be read, or that has another size.
    """
    channels, height, width = image_shape
    name = name or str(source)
    remarks = []
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a small file that unpacks to hundreds of megabytes.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=["PNG", "JPEG"]) as file:
                if file.mode.startswith(("I", "F")) or _bits(source) > 8:
                    # Pillow would clip at 255, or drop the lower half of each value.
                    raise ValueError("more than 8 bits a channel")
                # Cameras record their orientation in EXIF and leave the pixels as they are.
                if file.getexif().get(ORIENTATION, 1) != 1:
                    remarks.append(f"{name} was turned, as its EXIF says.")
                if file.mode == "CMYK":
                    remarks.append(f"{name} was brought from CMYK to RGB, without a colour profile.")
                if getattr(file, "is_animated", False):
                    remarks.append(f"{name} holds {file.n_frames} pictures; the first was taken.")
                picture = ImageOps.exif_transpose(file).convert(MODES[channels])
    except Exception as error:
        # Pillow's parsers raise exceptions of a dozen types when a file is no image.
        raise UserError(
            f"{name} can't be read as a picture ({_reason(error)}); mend it or take it away."
        ) from None
    if resize:
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    if picture.size != (width, height):
        raise UserError(
            f"{name} is {picture.width} x {picture.height} pixels, not {width} x {height} as image_shape says; "
            f"{remedy}."
        )
    pixels = np.asarray(picture).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
    return pixels, remarks


def image_format(path: Path) -> str:
    """Return width, height and colour mode in an image's header, such as `640 x 480, RGB`; UserError if unreadable."""
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as file:
            return f"{file.width} x {file.height}, {file.mode}"
    except Exception as error:
        raise UserError(
            f"{path} can't be read as a picture ({_reason(error)}); mend it or take it away."
        ) from None


def _bits(source: Path | io.BytesIO) -> int:
    """Return the bits per channel of a PNG; a JPEG has 8, or Pillow does not read it."""
    with open(source, "rb") if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        head = file.read(PNG_BITS_POSITION + 1)
    return head[PNG_BITS_POSITION] if head.startswith(PNG_SIGNATURE) else 8


def _reason(error: Exception) -> str:
    match error:
        case Image.UnidentifiedImageError():
            return "it is neither PNG nor JPEG"
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return "it claims more pixels than a photograph has"
        case OSError(strerror=str(reason)):
            return reason
    return escape_ascii(error)
