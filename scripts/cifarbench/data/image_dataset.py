"""Hold a dataset of labelled images as arrays, and the sizes that the configuration declares for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np

from cifarbench.data.printable import describe_value
from cifarbench.errors import UserError
from cifarbench.io.memmap import release_pages

# Characters.
MAX_CLASS_NAME = 100
UNLABELLED_HINT = " -1 marks images without a label; use a split of the dataset that has labels."
# Images that are written, or labels that are counted, in one block.
BLOCK_ROWS = 8192


@dataclass(frozen=True)
class DatasetSpec:
    """Sizes that the configuration declares for a dataset."""

    n_train: int
    n_test: int
    n_classes: int
    image_shape: tuple[int, int, int]
    """Channels, height and width."""

    @classmethod
    def from_config(cls, entry: dict[str, Any]) -> Self:
        """Return the sizes that an entry under `datasets` declares."""
        return cls(entry["n_train"], entry["n_test"], entry["n_classes"], tuple(entry["image_shape"]))

    @property
    def n_features(self) -> int:
        """Number of values in one image."""
        return prod(self.image_shape)


@dataclass(frozen=True)
class ImageDataset:
    """Images as rows of channel-major values, with their labels.

    train_images, test_images: (N, channels * height * width) uint8; training images may be a list of such arrays,
    mapped from their files. train_labels, test_labels: (N,) int64, positions in `classes`.
    """

    train_images: np.ndarray | list[np.ndarray]
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: list[str]
    image_shape: tuple[int, int, int]

    def train_blocks(self) -> Iterator[np.ndarray]:
        """Yield the training images in blocks of rows, in their order."""
        batches = self.train_images if isinstance(self.train_images, list) else [self.train_images]
        for batch in batches:
            for start in range(0, len(batch), BLOCK_ROWS):
                yield batch[start : start + BLOCK_ROWS]
                release_pages(batch)

    def validate(self) -> Self:
        """Return the dataset if every class has training and test images; raise UserError otherwise."""
        for part, labels in (("training", self.train_labels), ("test", self.test_labels)):
            counts = np.zeros(len(self.classes), np.int64)
            # In blocks, since numpy copies mapped labels.
            for start in range(0, len(labels), BLOCK_ROWS):
                counts += np.bincount(labels[start : start + BLOCK_ROWS], minlength=len(self.classes))
            empty = [name for name, count in zip(self.classes, counts, strict=True) if count == 0]
            if empty:
                raise UserError(f"The class {empty[0]} has no {part} images; every class needs at least one.")
        return self


def validate_labels(
    labels: Sequence[Any] | np.ndarray, rows: int, n_classes: int, where: str, first: int = 0
) -> np.ndarray:
    """Return labels as (rows,) int64 from 0; raise UserError if their number is not `rows` or one is not a class.

    where: the file or member of the labels, for the message. first: the label of the first class there.
    """
    if len(labels) != rows:
        raise UserError(f"{where} has {len(labels)} labels; expected {rows}, one for each image.")
    for index, label in enumerate(labels.tolist() if isinstance(labels, np.ndarray) else labels):
        # True and False are integers in Python.
        if type(label) is not int or not 0 <= label - first < n_classes:
            raise UserError(
                f"{where} has the label {describe_value(label)} at position {index}; expected whole numbers from "
                f"{first} to {n_classes - 1 + first}.{UNLABELLED_HINT if label == -1 else ''}"
            )
    return np.array(labels, np.int64) - first


def validate_class_names(names: Sequence[Any], n_classes: int, where: str) -> list[str]:
    """Return names of classes as text; raise UserError unless there are `n_classes` different ones."""
    if len(names) != n_classes:
        raise UserError(f"{where} names {len(names)} classes; expected {n_classes}, as n_classes declares.")
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
