"""Read the user's lists of images to exclude and of new labels, and apply them to a dataset.

Both are CSV files with the columns `split` and `index`, which counts from 0 as in the archive; they may have others.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.printable import describe_value
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_csv

COLUMNS = ("split", "index")
SPLITS = ("train", "test")


def apply_lists(images: ImageDataset, exclude: str, relabel: str) -> tuple[ImageDataset, dict[str, Any]]:
    """Return a dataset with new labels and without excluded images, and what dataset.json has of both lists.

    exclude, relabel: paths of the lists, whose indices are those before any image is dropped; "" for none. Raises
    UserError for a list that can't be read or does not fit the dataset.
    """
    applied: dict[str, Any] = {}
    if relabel:
        labels = read_relabel_list(Path(relabel))
        images = relabel_images(images, labels)
        applied["relabeled"] = {split: [*by_index] for split, by_index in labels.items()} | {"file": relabel}
    if exclude:
        excluded = read_exclude_list(Path(exclude))
        images = drop_images(images, excluded)
        applied["removed"] = excluded | {"file": exclude}
    return images, applied


def read_exclude_list(path: Path) -> dict[str, list[int]]:
    """Return the sorted indices of the `train` and `test` images to leave out; UserError for another file."""
    excluded: dict[str, set[int]] = {split: set() for split in SPLITS}
    for line, row in read_user_csv(path, COLUMNS, "exclude"):
        split, index = _read_image(path, line, row)
        excluded[split].add(index)
    return {split: sorted(indices) for split, indices in excluded.items()}


def read_relabel_list(path: Path) -> dict[str, dict[int, str]]:
    """Return the new class names, column `label`, of `train` and `test` images by index; UserError for another file."""
    labels: dict[str, dict[int, str]] = {split: {} for split in SPLITS}
    for line, row in read_user_csv(path, (*COLUMNS, "label"), "relabel"):
        split, index = _read_image(path, line, row)
        label = row["label"]
        if not label:
            raise UserError(f"{path} has no label in line {line}; write the name of a class.")
        if labels[split].setdefault(index, label) != label:
            raise UserError(
                f"{path} has two labels for image {index} of {split}, {describe_value(labels[split][index])} and "
                f"{describe_value(label)}; delete one of them."
            )
    return {split: dict(sorted(by_index.items())) for split, by_index in labels.items()}


def _read_image(path: Path, line: int, row: dict[str, str]) -> tuple[str, int]:
    split, index = (row[name] for name in COLUMNS)
    if split not in SPLITS or not (index.isascii() and index.isdecimal()):
        raise UserError(
            f"{path} has {split!r}, {index!r} as split and index in line {line}; write train or test, and the "
            "number of an image, from 0."
        )
    return split, int(index)


def drop_images(images: ImageDataset, excluded: dict[str, list[int]]) -> ImageDataset:
    """Return a dataset without some images; UserError if it lacks one of them, or if a class has no image left."""
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        pixels, labels = getattr(images, f"{split}_images"), getattr(images, f"{split}_labels")
        _check_indices("exclude", split, excluded[split], len(labels))
        keep = np.ones(len(labels), bool)
        keep[excluded[split]] = False
        arrays[f"{split}_labels"] = labels[keep]
        if isinstance(pixels, list):
            # Batches that are mapped from files stay batches.
            starts = np.cumsum([len(batch) for batch in pixels])[:-1]
            masks = np.split(keep, starts)
            arrays[f"{split}_images"] = [batch[mask] for batch, mask in zip(pixels, masks, strict=True)]
        else:
            arrays[f"{split}_images"] = pixels[keep]
    return replace(images, **arrays).validate()


def relabel_images(images: ImageDataset, labels: dict[str, dict[int, str]]) -> ImageDataset:
    """Return a dataset with new labels of some images.

    Raises UserError if it lacks one of the images or classes, or if a class has no image left.
    """
    classes = {name: number for number, name in enumerate(images.classes)}
    arrays = {}
    for split in SPLITS:
        array = getattr(images, f"{split}_labels").copy()
        _check_indices("relabel", split, [*labels[split]], len(array))
        for index, label in labels[split].items():
            if label not in classes:
                raise UserError(
                    f"relabel gives image {index} of {split} the label {describe_value(label)}, which is no class; "
                    f"write one of {', '.join(images.classes[:20])}{', ...' if len(images.classes) > 20 else ''}."
                )
            array[index] = classes[label]
        arrays[f"{split}_labels"] = array
    return replace(images, **arrays).validate()


def _check_indices(key: str, split: str, indices: list[int], n_images: int) -> None:
    for index in indices:
        if index >= n_images:
            raise UserError(
                f"{key} names image {index} of {split}, but there are only {n_images}, from 0; remove it from the list."
            )
