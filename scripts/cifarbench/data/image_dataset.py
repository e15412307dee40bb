"""A dataset of labelled images as arrays, and the sizes that the configuration declares for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np

from cifarbench.data.printable import describe_value
from cifarbench.errors import UserError
from cifarbench.io.memmap import release_pages

MAX_CLASS_NAME = 100
# Images that are written, or labels that are counted, at once.
BLOCK_ROWS = 8192


@dataclass(frozen=True)
class DatasetSpec:
    """What the configuration says of a dataset, which its data is held against."""

    n_train: int
    n_test: int
    n_classes: int
    image_shape: tuple[int, int, int]
    """Channels, height and width."""

    @classmethod
    def from_config(cls, entry: dict[str, Any]) -> Self:
        """What an entry under `datasets` declares."""
        return cls(entry["n_train"], entry["n_test"], entry["n_classes"], tuple(entry["image_shape"]))

    @property
    def n_features(self) -> int:
        """Values in one image."""
        return prod(self.image_shape)


@dataclass(frozen=True)
class ImageDataset:
    """Images as rows of channel-major values, with their labels.

    train_images, test_images: (N, channels * height * width) uint8; training images may come as batches of rows, mapped
    from their files, that make them up together. train_labels, test_labels: (N,) int64, positions in `classes`.
    """

    train_images: np.ndarray | list[np.ndarray]
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: list[str]
    image_shape: tuple[int, int, int]

    def train_blocks(self) -> Iterator[np.ndarray]:
        """The training images, some rows at a time, in their order."""
        batches = self.train_images if isinstance(self.train_images, list) else [self.train_images]
        for batch in batches:
            for start in range(0, len(batch), BLOCK_ROWS):
                yield batch[start : start + BLOCK_ROWS]
                release_pages(batch)

    def validate(self) -> Self:
        """The dataset itself, if every class has images to train on and to test with; UserError otherwise."""
        for part, labels in (("training", self.train_labels), ("test", self.test_labels)):
            counts = np.zeros(len(self.classes), np.int64)
            # Of mapped labels, numpy makes a copy.
            for start in range(0, len(labels), BLOCK_ROWS):
                counts += np.bincount(labels[start : start + BLOCK_ROWS], minlength=len(self.classes))
            empty = [name for name, count in zip(self.classes, counts, strict=True) if count == 0]
            if empty:
                raise UserError(
                    f"There are no {part} images of the class {empty[0]}; every class needs one at least."
                )
        return self


def validate_labels(
    labels: Sequence[Any] | np.ndarray, rows: int, n_classes: int, where: str, first: int = 0
) -> np.ndarray:
    """Labels as (rows,) int64 from 0, if there are as many as rows and each is a class; UserError otherwise.

    where: the file or member that they stand in, for the message. first: the label of the first class there.
    """
    if len(labels) != rows:
        raise UserError(f"{where} has {len(labels)} labels; expected {rows}, one for each image.")
    for index, label in enumerate(labels.tolist() if isinstance(labels, np.ndarray) else labels):
        # A truth value is an integer to Python, but no label.
        if type(label) is not int or not 0 <= label - first < n_classes:
            raise UserError(
                f"{where} has the label {describe_value(label)} at position {index}; expected whole numbers from {first} "
                f"to {n_classes - 1 + first}."
            )
    found = np.array(labels, np.int64)
    found -= first
    return found


def validate_class_names(names: Sequence[Any], n_classes: int, where: str) -> list[str]:
    """Names of classes as text, if there are `n_classes` different ones; UserError otherwise."""
    if len(names) != n_classes:
        raise UserError(f"{where} names {len(names)} classes; expected {n_classes}, as n_classes says.")
    texts = [name.decode("latin-1") if isinstance(name, bytes) else name for name in names]
    for name in texts:
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= MAX_CLASS_NAME:
            raise UserError(
                f"{where} has {describe_value(name)} as the name of a class; expected text of 1 to "
                f"{MAX_CLASS_NAME} printable characters."
            )
        if texts.count(name) > 1:
            raise UserError(f"{where} names the class {name} twice; expected {n_classes} different names.")
    return texts
