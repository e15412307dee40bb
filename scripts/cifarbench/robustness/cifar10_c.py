"""Corrupted test images in the layout of CIFAR-10-C: one file per corruption, its severities one after the other."""

from pathlib import Path

import numpy as np

from cifarbench.errors import UserError


class CIFAR10C:
    """A folder of `<corruption>.npy` (5 * N, H, W, C) uint8 and `labels.npy` (5 * N,), N test images per severity."""

    def __init__(self, folder: Path, y_true: np.ndarray, image_shape: tuple[int, int, int]):
        """Check that the folder's labels are `y_true` (N,), the labels of the dataset's test images.

        Raises UserError if they are not.
        """
        self.folder, self.n_test, self.image_shape = folder, len(y_true), image_shape
        labels = self._load("labels")
        if labels.shape[:1] != (5 * self.n_test,) or not np.array_equal(labels[: self.n_test], y_true):
            raise UserError(
                f"{folder}/labels.npy does not hold the labels of this dataset's {self.n_test} test images five times; "
                "name the files that belong to it as robustness.cifar10_c_dir, and leave out no test image."
            )

    def images(self, name: str, severity: int) -> np.ndarray:
        """Return the images of a corruption, (N, C*H*W) uint8, channel by channel.

        Raises UserError if the file can't be read or has another shape.
        """
        channels, height, width = self.image_shape
        images = self._load(name)
        expected = (5 * self.n_test, height, width, channels)
        if images.shape != expected or images.dtype != np.uint8:
            raise UserError(
                f"{self.folder}/{name}.npy has the shape {images.shape}; expected {expected} of bytes."
            )
        images = images[(severity - 1) * self.n_test : severity * self.n_test]
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(self.n_test, -1)

    def _load(self, name: str) -> np.ndarray:
        path = self.folder / f"{name}.npy"
        try:
            return np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path} can't be read as an array ({error}); robustness.cifar10_c_dir needs it."
            ) from None
