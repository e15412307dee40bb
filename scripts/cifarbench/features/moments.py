"""Counts, sums and products of pixel values, from which every principal component of the study follows.

Covariances add up. The moments of a fold's training images are those of all images less those of the fold, so
five sets of components (raw, scaled, three folds) cost two passes over the images and not five.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from cifarbench.study.files import write_arrays

# Pixels are 0 to 255. Taken off their middle, their squares stay small, and float32 products stay sharp.
MIDDLE = 128.0
CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Moments:
    """Moments of N images of D pixel values, each less MIDDLE.

    count: N. sums: (D,) float64, exact. squares: (D,) float64, exact sums of squares. scatter: (D, D) float64,
    products of the deviations from the mean, summed over the images.
    """

    count: int
    sums: np.ndarray
    squares: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray, rows: np.ndarray | None = None) -> Self:
        """The moments of `images` (N, D) uint8, or of the given rows of it, in bounded memory."""
        rows = np.arange(len(images)) if rows is None else rows
        n_features = images.shape[1]
        sums, squares = np.zeros(n_features), np.zeros(n_features)
        for chunk in _chunks(images, rows):
            sums += chunk.sum(axis=0, dtype=np.float64)
            squares += np.einsum("ij,ij->j", chunk, chunk, dtype=np.float64)
        mean = (sums / len(rows)).astype(np.float32)
        scatter = np.zeros((n_features, n_features))
        offset = np.zeros(n_features)
        for chunk in _chunks(images, rows):
            chunk -= mean
            offset += chunk.sum(axis=0, dtype=np.float64)
            scatter += chunk.T @ chunk
        # The mean in float32 is a little off the true one.
        scatter -= np.outer(offset, offset) / len(rows)
        return cls(len(rows), sums, squares, scatter)

    def __sub__(self, part: Self) -> Self:
        """The moments of the images that are left when `part` of them is taken away."""
        count = self.count - part.count
        sums = self.sums - part.sums
        difference = sums / count - part.sums / part.count
        scatter = self.scatter - part.scatter
        scatter -= np.outer(difference, difference) * (count * part.count / self.count)
        return type(self)(count, sums, self.squares - part.squares, scatter)

    @property
    def mean(self) -> np.ndarray:
        """Mean of each pixel value, (D,) float64, on the scale of 0 to 255."""
        return self.sums / self.count + MIDDLE

    @property
    def variance(self) -> np.ndarray:
        """Variance of each pixel value (divided by N), (D,) float64; exactly 0 where all images agree."""
        return (self.count * self.squares - self.sums**2) / self.count**2

    def covariance(self) -> np.ndarray:
        """Covariance (divided by N - 1), (D, D) float64."""
        covariance = self.scatter / (self.count - 1)
        # Float32 products left these a little off; they are known exactly.
        np.fill_diagonal(covariance, self.variance * (self.count / (self.count - 1)))
        return covariance

    def save(self, path: Path) -> None:
        """Write as .npz."""
        write_arrays(path, count=self.count, sums=self.sums, squares=self.squares, scatter=self.scatter)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as stored:
            return cls(int(stored["count"]), stored["sums"], stored["squares"], stored["scatter"])


def centred(images: np.ndarray) -> np.ndarray:
    """Pixels uint8 less MIDDLE, as C-contiguous float32 of the same shape."""
    pixels = images.astype(np.float32, order="C")
    pixels -= np.float32(MIDDLE)
    return pixels


def _chunks(images: np.ndarray, rows: np.ndarray) -> Iterable[np.ndarray]:
    for start in range(0, len(rows), CHUNK_ROWS):
        yield centred(images[rows[start : start + CHUNK_ROWS]])
