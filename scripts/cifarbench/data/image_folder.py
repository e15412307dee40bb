"""Images from a folder of pictures: `train/<class>/*` and `test/<class>/*`, as PNG or JPEG."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cifarbench.data.archive import visible_files
from cifarbench.data.image_dataset import Declared, ImageDataset, checked_classes
from cifarbench.data.plain import plain
from cifarbench.study.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}
MODES = {1: "L", 3: "RGB"}


def read_image_folder(folder: Path, declared: Declared, resize: bool = False) -> ImageDataset:
    """The pictures of a folder, classes and pictures sorted by name.

    Colours become grey where one channel is declared. Pictures must have the declared size, unless `resize`:
    then each is scaled to fill it, and what stands over is cut off on both sides alike.

    Raises UserError for a picture that can't be read or has another size, for other classes in `test` than in
    `train`, and for numbers of classes or pictures that are not as declared.
    """
    if declared.image_shape[0] not in MODES:
        raise UserError(
            f"image_shape declares {declared.image_shape[0]} channels; pictures have 1 (grey) or 3 (colours)."
        )
    found = {part: sorted(_folders(folder / part)) for part in ("train", "test")}
    if found["train"] != found["test"]:
        odd = sorted(set(found["train"]) ^ set(found["test"]))[0]
        has, lacks = ("train", "test") if odd in found["train"] else ("test", "train")
        raise UserError(
            f"{folder} has the class {odd} in {has} but not in {lacks}; expected the same in both."
        )
    classes = checked_classes(found["train"], declared.n_classes, f"{folder}/train")
    arrays: dict[str, np.ndarray] = {}
    for part, rows in (("train", declared.n_train), ("test", declared.n_test)):
        pictures = [
            (path, label)
            for label, name in enumerate(classes)
            for path in visible_files(folder / part / name)
            if path.suffix.lower() in SUFFIXES
        ]
        if len(pictures) != rows:
            raise UserError(
                f"{folder}/{part} has {len(pictures)} pictures; expected {rows}, as n_{part} says."
            )
        arrays[f"{part}_images"] = np.stack([_read(path, declared, resize) for path, _ in pictures])
        arrays[f"{part}_labels"] = np.array([label for _, label in pictures], np.int64)
    return ImageDataset(**arrays, classes=classes, image_shape=declared.image_shape)


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; expected one with a folder of pictures for each class.")
    return [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _read(path: Path, declared: Declared, resize: bool) -> np.ndarray:
    """One picture as (channels * height * width,) uint8."""
    channels, height, width = declared.image_shape
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a small file that unpacks to hundreds of megabytes.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG", "JPEG"]) as file:
                if file.mode.startswith(("I", "F")):
                    # Pillow would cut off what is brighter than 255, and call it white.
                    raise ValueError("more than 8 bits a channel")
                # Cameras turn the picture by a note, not by its pixels.
                picture = ImageOps.exif_transpose(file).convert(MODES[channels])
    except Exception as error:
        # Pillow's parsers end in errors of a dozen kinds when a file is no picture.
        raise UserError(
            f"{path} can't be read as a picture ({plain(error)}); mend it or take it away."
        ) from None
    if resize:
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    if picture.size != (width, height):
        raise UserError(
            f"{path} is {picture.width} x {picture.height} pixels, not {width} x {height} as image_shape "
            "says; set resize: true to have pictures scaled and cut to it."
        )
    return np.asarray(picture).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
