"""Read a folder of images, `train/<class>/*` and `test/<class>/*`, as PNG or JPEG."""

import os
import unicodedata
from pathlib import Path
from typing import NoReturn

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names
from cifarbench.data.image_file import read_image
from cifarbench.data.provenance import list_files
from cifarbench.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}


def read_image_folder(folder: Path, declared: DatasetSpec, resize: bool = False) -> ImageDataset:
    """Return the images of a folder, with classes and images sorted by name.

    Colours become grey where one channel is declared. Images must have the declared size, unless `resize`: then each is
    scaled to cover it, and cropped at the centre.

    Raises UserError for an image that can't be read or has another size, for links to folders, to nothing or out of the
    folder, for different classes in `train` and `test`, and for numbers of classes or images other than declared.
    """
    train, test = (_class_folders(folder, split) for split in ("train", "test"))
    if train != test:
        _refuse_classes(folder, train, test)
    classes = validate_class_names(train, declared.n_classes, f"{folder}/train")
    arrays: dict[str, np.ndarray] = {}
    for split, n_images in (("train", declared.n_train), ("test", declared.n_test)):
        images = _declared_images(folder, split, classes, n_images)
        arrays[f"{split}_images"] = np.stack(
            [read_image(path, declared.image_shape, resize)[0] for path, _ in images]
        )
        arrays[f"{split}_labels"] = np.array([label for _, label in images], np.int64)
    return ImageDataset(**arrays, classes=classes, image_shape=declared.image_shape)


def list_images(folder: Path, split: str, classes: list[str]) -> list[tuple[Path, int]]:
    """Return the images of `train` or `test` with their labels, in the order of the rows of the dataset's arrays."""
    return [
        (path, label)
        for label, name in enumerate(classes)
        for path in list_files(folder / split / name)
        if path.suffix.lower() in SUFFIXES
    ]


def _refuse_classes(folder: Path, train: list[str], test: list[str]) -> NoReturn:
    unmatched = min({*train} ^ {*test})
    has, lacks = ("train", "test") if unmatched in train else ("test", "train")
    others = sorted({*test} - {*train} if unmatched in train else {*train} - {*test})
    similar = [name for name in others if _normalized(name) == _normalized(unmatched)]
    if similar:
        raise UserError(
            f"{folder} has the class {unmatched!a} in {has} and {similar[0]!a} in {lacks}, which look alike but differ "
            "in Unicode form, letter case or spaces; rename one of the folders."
        )
    # In ASCII, which shows letters of another alphabet and invisible characters.
    instead = f", which has {others[0]!a} instead of {unmatched!a}" if others else ""
    raise UserError(
        f"{folder} has the class {unmatched} in {has} but not in {lacks}{instead}; use the same classes in both."
    )


def _normalized(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _declared_images(folder: Path, split: str, classes: list[str], n_images: int) -> list[tuple[Path, int]]:
    images = list_images(folder, split, classes)
    empty = set(range(len(classes))) - {label for _, label in images}
    if empty:
        class_folder = folder / split / classes[min(empty)]
        raise UserError(
            f"{class_folder} has no images{_ignored_files(class_folder)}; add some, or remove the class from train, "
            "test and n_classes."
        )
    if len(images) != n_images:
        raise UserError(
            f"{folder}/{split} has {len(images)} images{_ignored_files(folder / split)}; expected {n_images}, as "
            f"n_{split} declares."
        )
    return images


def _class_folders(top: Path, split: str) -> list[str]:
    folder = top / split
    check_link(top, folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; create it, with a folder of images for each class.")
    # The archive's checksum does not cover what a link leads to, and an untrusted folder must not choose which files of
    # this machine are read and shown.
    for directory, folders, files in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        images = [name for name in files if Path(name).suffix.lower() in SUFFIXES and name[0] != "."]
        for name in [*folders, *images]:
            check_link(top, Path(directory, name))
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def check_link(top: Path, path: Path) -> None:
    """Raise UserError for a link to nothing, to a folder, or out of the folder `top`."""
    if not path.is_symlink():
        return
    if not path.exists():
        problem = f"is a broken link (to {path.readlink()}); repair or remove it"
    elif path.is_dir():
        problem = "is a link to a folder; replace it by a copy of that folder (cp -rL), or remove it"
    elif not path.resolve().is_relative_to(top.resolve()):
        problem = (
            f"is a link that leads out of {top}; replace it by a copy of the image (cp -L), or remove it"
        )
    else:
        return
    raise UserError(f"{path} {problem}.")


def _refuse_unreadable(error: OSError) -> NoReturn:
    raise UserError(
        f"{error.filename} can't be read ({error.strerror}); change its permissions or remove it."
    )


def _ignored_files(folder: Path) -> str:
    """Return an example of the files that are not read as images, for a message; empty text if there are none."""
    ignored = [path for path in list_files(folder) if path.suffix.lower() not in SUFFIXES]
    return f", apart from files that are neither .png nor .jpg, such as {ignored[0]}" if ignored else ""
