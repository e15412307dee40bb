"""Read the user's list of images to exclude, and drop them from a dataset."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import ImageDataset
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_csv

COLUMNS = ("split", "index")
SPLITS = ("train", "test")


def read_exclude_list(path: Path) -> dict[str, list[int]]:
    """Return the indices of the `train` and `test` images to leave out, sorted, counted from 0 as in the archive.

    The file is a CSV with the columns `split` and `index`; it may have others. Raises UserError for anything else.
    """
    excluded: dict[str, set[int]] = {split: set() for split in SPLITS}
    for line, row in read_user_csv(path, COLUMNS, "exclude"):
        split, index = read_image(path, line, row)
        excluded[split].add(index)
    return {split: sorted(indices) for split, indices in excluded.items()}


def read_image(path: Path, line: int, row: dict[str, str]) -> tuple[str, int]:
    """Return split and index of the image in a row of a user's list; UserError if they are none."""
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
        unknown = [index for index in excluded[split] if index >= len(labels)]
        if unknown:
            raise UserError(
                f"exclude names image {unknown[0]} of {split}, but there are only {len(labels)}, from 0; remove it "
                "from the list."
            )
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
    return ImageDataset(**arrays, classes=images.classes, image_shape=images.image_shape).validate()
