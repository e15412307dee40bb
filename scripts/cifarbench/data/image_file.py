"""Read a PNG or JPEG file as the pixels of one image."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Pillow's mode for each number of channels.
MODES = {1: "L", 3: "RGB"}
RESIZE_HINT = "set resize: true to scale and crop images"
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
    """Return an image as (channels * height * width,) uint8, and one sentence for each conversion.

    Colours become grey where `image_shape` has one channel. The image must have its size, unless `resize`: then it is
    scaled to cover it, and cropped at the centre. name: of the image in messages; its path unless given. remedy: what
    the message about another size recommends.

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
                    raise ValueError("more than 8 bits per channel")
                # Cameras record their orientation in EXIF and leave the pixels as they are.
                if file.getexif().get(ORIENTATION, 1) != 1:
                    remarks.append(f"{name} was rotated by its EXIF orientation.")
                if file.mode == "CMYK":
                    remarks.append(f"{name} was converted from CMYK to RGB, without a colour profile.")
                n_frames = getattr(file, "n_frames", 1)
                if n_frames > 1:
                    remarks.append(f"{name} has {n_frames} frames; the first was used.")
                image = ImageOps.exif_transpose(file).convert(MODES[channels])
    except Exception as error:
        raise _unreadable(name, error) from None
    if resize:
        image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    if image.size != (width, height):
        raise UserError(
            f"{name} is {image.width} x {image.height} pixels, not {width} x {height} as image_shape "
            f"declares; {remedy}."
        )
    pixels = np.asarray(image).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
    return pixels, remarks


def image_format(path: Path) -> str:
    """Return width, height and colour mode in an image's header, such as `640 x 480, RGB`; UserError if unreadable."""
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as file:
            return f"{file.width} x {file.height}, {file.mode}"
    except Exception as error:
        raise _unreadable(str(path), error) from None


def _bits(source: Path | io.BytesIO) -> int:
    """Return the bits per channel of a PNG; a JPEG has 8, or Pillow does not read it."""
    with open(source, "rb") if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        head = file.read(PNG_BITS_POSITION + 1)
    return head[PNG_BITS_POSITION] if head.startswith(PNG_SIGNATURE) else 8


def _unreadable(name: str, error: Exception) -> UserError:
    """Return the error for a file that Pillow can't read; its parsers raise exceptions of a dozen types."""
    match error:
        case UnidentifiedImageError():
            reason = "it is neither PNG nor JPEG"
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            reason = "it claims more pixels than a photograph has"
        case _:
            reason = getattr(error, "strerror", None) or escape_ascii(error)
    return UserError(f"{name} can't be read as an image ({reason}); repair or remove it.")
