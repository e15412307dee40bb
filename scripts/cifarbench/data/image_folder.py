"""Images from a folder of pictures: `train/<class>/*` and `test/<class>/*`, as PNG or JPEG."""

from pathlib import Path

import numpy as np

from cifarbench.data.archive import visible_files
from cifarbench.data.image_dataset import Declared, ImageDataset, checked_classes
from cifarbench.data.pictures import MODES, read_picture
from cifarbench.study.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}
MEND = "set resize: true to have pictures scaled and cut to it"


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
        pictures = pictures_of(folder, part, classes)
        if len(pictures) != rows:
            raise UserError(
                f"{folder}/{part} has {len(pictures)} pictures; expected {rows}, as n_{part} says."
            )
        arrays[f"{part}_images"] = np.stack(
            [read_picture(path, declared.image_shape, resize, MEND)[0] for path, _ in pictures]
        )
        arrays[f"{part}_labels"] = np.array([label for _, label in pictures], np.int64)
    return ImageDataset(**arrays, classes=classes, image_shape=declared.image_shape)


def pictures_of(folder: Path, part: str, classes: list[str]) -> list[tuple[Path, int]]:
    """The pictures of `train` or `test`, each with its class, in the order of the rows of the dataset's arrays."""
    return [
        (path, label)
        for label, name in enumerate(classes)
        for path in visible_files(folder / part / name)
        if path.suffix.lower() in SUFFIXES
    ]


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; expected one with a folder of pictures for each class.")
    return [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
