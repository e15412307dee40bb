"""Images from a folder of pictures: `train/<class>/*` and `test/<class>/*`, as PNG or JPEG."""

import os
from pathlib import Path
from typing import NoReturn

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names
from cifarbench.data.image_file import MODES, read_image
from cifarbench.data.provenance import list_files
from cifarbench.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}
REMEDY = "set resize: true to have pictures scaled and cut to it"


def read_image_folder(folder: Path, declared: DatasetSpec, resize: bool = False) -> ImageDataset:
    """The pictures of a folder, classes and pictures sorted by name.

    Colours become grey where one channel is declared. Pictures must have the declared size, unless `resize`:
    then each is scaled to fill it, and what stands over is cut off on both sides alike.

    Raises UserError for a picture that can't be read or has another size, for links that lead out of the folder, to
    another one or nowhere, for other classes in `test` than in `train`, and for numbers of classes or pictures that
    are not as declared.
    """
    if declared.image_shape[0] not in MODES:
        raise UserError(
            f"image_shape declares {declared.image_shape[0]} channels; pictures have 1 (grey) or 3 (colours)."
        )
    found = {part: sorted(_folders(folder, part)) for part in ("train", "test")}
    if found["train"] != found["test"]:
        odd = sorted(set(found["train"]) ^ set(found["test"]))[0]
        has, lacks = ("train", "test") if odd in found["train"] else ("test", "train")
        raise UserError(
            f"{folder} has the class {odd} in {has} but not in {lacks}; expected the same in both."
        )
    classes = validate_class_names(found["train"], declared.n_classes, f"{folder}/train")
    arrays: dict[str, np.ndarray] = {}
    for part, rows in (("train", declared.n_train), ("test", declared.n_test)):
        pictures = _declared_pictures(folder, part, classes, rows)
        arrays[f"{part}_images"] = np.stack(
            [read_image(path, declared.image_shape, resize, REMEDY)[0] for path, _ in pictures]
        )
        arrays[f"{part}_labels"] = np.array([label for _, label in pictures], np.int64)
    return ImageDataset(**arrays, classes=classes, image_shape=declared.image_shape)


def list_images(folder: Path, part: str, classes: list[str]) -> list[tuple[Path, int]]:
    """The pictures of `train` or `test`, each with its class, in the order of the rows of the dataset's arrays."""
    return [
        (path, label)
        for label, name in enumerate(classes)
        for path in list_files(folder / part / name)
        if path.suffix.lower() in SUFFIXES
    ]


def _declared_pictures(folder: Path, part: str, classes: list[str], rows: int) -> list[tuple[Path, int]]:
    pictures = list_images(folder, part, classes)
    empty = set(range(len(classes))) - {label for _, label in pictures}
    if empty:
        where = folder / part / classes[min(empty)]
        raise UserError(
            f"{where} has no pictures{_passed_over(where)}; put some there, or take the class away from train and "
            "test, and from n_classes."
        )
    if len(pictures) != rows:
        raise UserError(
            f"{folder}/{part} has {len(pictures)} pictures{_passed_over(folder / part)}; expected {rows}, as n_{part} "
            "says."
        )
    return pictures


def _folders(top: Path, part: str) -> list[str]:
    folder = top / part
    _check_link(top, folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; expected one with a folder of pictures for each class.")
    _check_links(top, folder)
    return [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _check_links(top: Path, folder: Path) -> None:
    """Refuse links out of the archive, to other folders, and to nowhere.

    What lies behind a link to a folder is not in the archive's checksum; and a stranger's folder has no say over which
    files of this machine are read and shown.
    """
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        pictures = [name for name in files if Path(name).suffix.lower() in SUFFIXES and name[0] != "."]
        for path in (Path(place, name) for name in [*folders, *pictures]):
            _check_link(top, path)


def _check_link(top: Path, path: Path) -> None:
    if not path.is_symlink():
        return
    if not path.exists():
        fault = f"is a link that leads nowhere (to {path.readlink()}); mend it or take it away"
    elif path.is_dir():
        fault = "is a link to a folder; put a copy of that folder in its place (cp -rL), or take it away"
    elif not path.resolve().is_relative_to(top.resolve()):
        fault = f"is a link that leads out of {top}; put a copy of the picture in its place (cp -L), or take it away"
    else:
        return
    raise UserError(f"{path} {fault}.")


def _unreadable(error: OSError) -> NoReturn:
    raise UserError(
        f"{error.filename} can't be read ({error.strerror}); give yourself the right to, or take it away."
    )


def _passed_over(folder: Path) -> str:
    """Which files were not taken for pictures, for a message; nothing if there are none."""
    others = [path for path in list_files(folder) if path.suffix.lower() not in SUFFIXES]
    if not others:
        return ""
    return f", besides files that are neither .png nor .jpg, such as {others[0]}"
