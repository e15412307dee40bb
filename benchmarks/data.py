"""The images that are measured on: CIFAR-10's, or made-up ones of the same shape."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Images(NamedTuple):
    """Rows of pixels (N, 3072) uint8 and labels (N,) int64, for training and for testing."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    def first(self, n_train: int) -> "Images":
        """The same, with the first `n_train` training images only."""
        return self._replace(train=self.train[:n_train], train_labels=self.train_labels[:n_train])

    def few_for_testing(self) -> tuple[np.ndarray, np.ndarray]:
        """A thousand test images and their labels, for what is measured on a few training images."""
        return self.test[:1000], self.test_labels[:1000]


def load(folder: Path) -> Images:
    """Read the arrays that rule unpack_archive writes."""
    names = ["train_images", "train_labels", "test_images", "test_labels"]
    return Images(*(np.load(folder / f"{name}.npy") for name in names))


def write_stand_in(folder: Path) -> None:
    """Write made-up images of CIFAR-10's shape: smooth blobs with a tint for each class, and noise."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    tints = random.normal(0, 20, (10, 3, 1, 1))
    for split, count in (("train", 50_000), ("test", 10_000)):
        labels = random.integers(0, 10, count)
        coarse = random.normal(0, 40, (count, 3, 8, 8)).astype(np.float32)
        pixels = coarse.repeat(4, axis=2).repeat(4, axis=3)
        pixels += tints[labels].astype(np.float32) + 128
        pixels += random.normal(0, 15, pixels.shape).astype(np.float32)
        np.save(folder / f"{split}_images.npy", pixels.clip(0, 255).astype(np.uint8).reshape(count, -1))
        np.save(folder / f"{split}_labels.npy", labels)


def made_up_filters(n_patches: int, size: int) -> np.ndarray:
    """Filters of unit length for patches of three channels: (n_patches, 3 * size**2) float32."""
    filters = np.random.default_rng(0).normal(size=(n_patches, 3 * size**2)).astype(np.float32)
    return filters / np.linalg.norm(filters, axis=1, keepdims=True)
