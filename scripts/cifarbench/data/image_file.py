"""Read an image file as the pixels of one image."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Pillow's mode for each number of channels.
MODES = {1: "L", 3: "RGB"}
# Formats that are read; Pillow has more, of which some run other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
RESIZE_HINT = "set resize: true to scale and crop images"
# Ways to bring an image to the declared size; `true` is the first.
CROP = "crop"
PAD = "pad"
STRETCH = "stretch"
RESIZE_MODES = (CROP, PAD, STRETCH)
# EXIF tag of the camera's orientation; 1 is upright.
ORIENTATION = 0x0112
# Pillow's modes of grey images with 16 bits; `I` has 32, and is what older PNG readers give for 16.
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
# 65535 / 255: maps 16 bits to 8.
DEEP_SCALE = 257
# A JPEG is decoded at a reduced size of at least this many times the declared one, in width and height. Resampling from
# twice the size takes as long as decoding.
DRAFT_FACTOR = 1.5

warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(
    source: Path | io.BytesIO | np.ndarray,
    image_shape: tuple[int, int, int],
    resize: bool | str,
    name: str = "",
    remedy: str = RESIZE_HINT,
) -> tuple[np.ndarray, list[str]]:
    """Return an image as (channels * height * width,) uint8, and one sentence for each conversion.

    Colours become grey where `image_shape` has one channel, and 16 bits become 8. The image must have its size, unless
    `resize`: then it is scaled to cover it and cropped at the centre (`crop`, true), scaled to fit into it with black
    borders (`pad`), or scaled in both directions (`stretch`). With one of these words, a large JPEG is decoded at a
    reduced size of at least 1.5 times the declared one.

    source: a file, or an image (H, W) or (H, W, C) uint8. name: of the image in messages; its path unless given.
    remedy: what the message about another size recommends.

    Raises UserError for an image that can't be read, or that has another size.
    """
    channels, height, width = image_shape
    name = name or str(source)
    remarks: list[str] = []
    if isinstance(source, np.ndarray):
        image = Image.fromarray(np.ascontiguousarray(source)).convert(MODES[channels])
    else:
        draft = round(DRAFT_FACTOR * max(width, height)) if isinstance(resize, str) else None
        image, remarks = _decode(source, MODES[channels], draft, name)
    if resize:
        image = resize_image(image, (width, height), resize)
    if image.size != (width, height):
        raise UserError(
            f"{name} is {image.width} x {image.height} pixels, not {width} x {height} as image_shape "
            f"declares; {remedy}."
        )
    pixels = np.asarray(image).reshape(image.height, image.width, channels)
    return pixels.transpose(2, 0, 1).reshape(-1), remarks


def _decode(
    source: Path | io.BytesIO, mode: str, draft: int | None, name: str
) -> tuple[Image.Image, list[str]]:
    remarks = []
    try:
        with Image.open(source, formats=FORMATS) as file:
            _check_pixels(file)
            # Cameras record their orientation in EXIF and leave the pixels as they are.
            if file.getexif().get(ORIENTATION, 1) != 1:
                remarks.append(f"{name} was rotated by its EXIF orientation.")
            if file.mode == "CMYK":
                remarks.append(f"{name} was converted from CMYK to RGB, without a colour profile.")
            n_frames = getattr(file, "n_frames", 1)
            if n_frames > 1:
                remarks.append(f"{name} has {n_frames} frames; the first was used.")
            if draft:
                file.draft(None, (draft, draft))
            return _to_8_bits(ImageOps.exif_transpose(file)).convert(mode), remarks
    except Exception as error:
        raise _unreadable(name, error) from None


def resize_image(image: Image.Image, size: tuple[int, int], mode: bool | str) -> Image.Image:
    """Return an image of (width, height) `size`; `mode` is one of RESIZE_MODES, or true for `crop`."""
    if image.size == size:
        return image
    if mode == PAD:
        return ImageOps.pad(image, size, Image.Resampling.LANCZOS)
    if mode == STRETCH:
        return image.resize(size, Image.Resampling.LANCZOS)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def read_header(source: Path | io.BytesIO, name: str = "") -> tuple[str, str, int, int]:
    """Return format, colour mode, width and height in an image's header, the latter as after EXIF rotation.

    Raises UserError if it can't be read.
    """
    try:
        with Image.open(source, formats=FORMATS) as file:
            width, height = file.size
            # Values from 5 on turn the image by 90 degrees.
            if file.getexif().get(ORIENTATION, 1) >= 5:
                width, height = height, width
            return str(file.format), file.mode, width, height
    except Exception as error:
        raise _unreadable(name or str(source), error) from None


def image_format(path: Path) -> str:
    """Return width, height and colour mode in an image's header, such as `640 x 480, RGB`; UserError if unreadable."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            return f"{file.width} x {file.height}, {file.mode}"
    except Exception as error:
        raise _unreadable(str(path), error) from None


def _check_pixels(file: Image.Image) -> None:
    """Raise an error for a small file that unpacks to hundreds of megabytes, of which Pillow only warns."""
    if Image.MAX_IMAGE_PIXELS and file.width * file.height > Image.MAX_IMAGE_PIXELS:
        raise Image.DecompressionBombError


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return an image with 8 bits per channel; Pillow would clip 16 bits at 255."""
    if image.mode in DEEP_MODES or (image.mode == "I" and image.format in (None, "PNG")):
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((values + DEEP_SCALE // 2) // DEEP_SCALE).clip(0, 255).astype(np.uint8))
    if image.mode.startswith(("I", "F")):
        raise ValueError("more than 16 bits per channel")
    return image


def _unreadable(name: str, error: Exception) -> UserError:
    """Return the error for a file that Pillow can't read; its parsers raise exceptions of a dozen types."""
    match error:
        case UnidentifiedImageError():
            reason = "it is none of PNG, JPEG, WebP, BMP, TIFF and GIF"
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            reason = "it claims more pixels than a photograph has"
        case _:
            reason = getattr(error, "strerror", None) or escape_ascii(error)
    return UserError(f"{name} can't be read as an image ({reason}); repair or remove it.")
