"""Images that a person has looked at and wants left out: a file with a row each."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import ImageDataset
from cifarbench.errors import UserError

COLUMNS = ["split", "index"]
SPLITS = ("train", "test")
MAX_BYTES = 100_000_000


def read_exclude_list(path: Path) -> dict[str, list[int]]:
    """The rows of `train` and `test` to leave out, sorted: indices as the archive counts its images, from 0.

    The file is a CSV with the columns `split` and `index`; it may have others. Raises UserError for anything else.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is no list of images: it has more than {MAX_BYTES // 10**6} MB.")
        with open(path, newline="", encoding="utf-8") as file:
            rows = [*csv.DictReader(file)]
    except OSError as error:
        raise UserError(
            f"exclude is {path}, which can't be read ({error.strerror}); name a file that can."
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"exclude is {path}, which is no CSV; write the columns split and index.") from None
    found: dict[str, set[int]] = {split: set() for split in SPLITS}
    for number, row in enumerate(rows, start=2):
        split, index = (row.get(name) for name in COLUMNS)
        if split not in SPLITS or not (index or "").isdecimal():
            raise UserError(
                f"{path} has {split!r}, {index!r} as split and index in line {number}; write train or test, and the "
                "number of an image, from 0."
            )
        found[split].add(int(index))
    return {split: sorted(indices) for split, indices in found.items()}


def drop_images(images: ImageDataset, excluded: dict[str, list[int]]) -> ImageDataset:
    """A dataset without some images. Raises UserError if it does not have them, or if nothing of a class is left."""
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        rows, labels = getattr(images, f"{split}_images"), getattr(images, f"{split}_labels")
        unknown = [index for index in excluded[split] if index >= len(labels)]
        if unknown:
            raise UserError(
                f"exclude names image {unknown[0]} of {split}, but there are only {len(labels)}, from 0; take it away."
            )
        kept = np.setdiff1d(np.arange(len(labels)), excluded[split])
        # Batches that are mapped from files stay batches.
        arrays |= {f"{split}_images": _rows(rows, kept), f"{split}_labels": labels[kept]}
    return ImageDataset(**arrays, classes=images.classes, image_shape=images.image_shape).validate()


def _rows(images: np.ndarray | list[np.ndarray], kept: np.ndarray) -> np.ndarray | list[np.ndarray]:
    if not isinstance(images, list):
        return images[kept]
    starts = np.cumsum([0, *map(len, images)])
    return [
        batch[kept[(kept >= start) & (kept < start + len(batch))] - start]
        for batch, start in zip(images, starts[:-1], strict=True)
    ]
