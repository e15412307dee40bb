"""Images to measure on: CIFAR-10, or synthetic images of the same shape."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Images(NamedTuple):
    """Rows of pixels (N, 3072) uint8 and labels (N,) int64, for training and for testing."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    def test_subset(self) -> tuple[np.ndarray, np.ndarray]:
        """Return a thousand test images and their labels, for cases that train on few images."""
        return self.test[:1000], self.test_labels[:1000]


def load(folder: Path) -> Images:
    """Read the arrays that rule load_dataset writes."""
    names = ["train_images", "train_labels", "test_images", "test_labels"]
    return Images(*(np.load(folder / f"{name}.npy") for name in names))


def random_filters(n_patches: int, size: int) -> np.ndarray:
    """Return unit-length filters for patches of three channels, (n_patches, 3 * size**2) float32."""
    filters = np.random.default_rng(0).normal(size=(n_patches, 3 * size**2)).astype(np.float32)
    return filters / np.linalg.norm(filters, axis=1, keepdims=True)
