"""Provide the training data that features are fitted to, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cifarbench.features.covariance import PIXEL_OFFSET, RunningCovariance
from cifarbench.io.memmap import release_pages, take_rows
from cifarbench.planning.model_family import ImageShape

BLOCK_ROWS = 1024

# Named arrays of a fitted transformation, as stored in an .npz file.
State = dict[str, np.ndarray]


@dataclass(frozen=True)
class FitInputs:
    """Training data of a fit.

    values: (N, D) uint8 pixels, channel-major, or float32 features, mapped from a file. rows: (M,) int, the rows to fit
    to. labels: (N,) int. seed: of random fits. precomputed_moments: moments of `rows`, if they are known already.
    """

    values: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    n_classes: int
    image_shape: ImageShape
    seed: int
    precomputed_moments: RunningCovariance | None = None

    @property
    def n_inputs(self) -> int:
        """Return the number of values of an image."""
        return self.values.shape[1]

    @cached_property
    def moments(self) -> RunningCovariance:
        """Return the moments of the training images' values."""
        return self.precomputed_moments or RunningCovariance.from_images(self.values, self.rows)

    def iter_blocks(self, size: int = BLOCK_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield stored values (n, D) and labels (n,), `size` rows at a time."""
        for start in range(0, len(self.rows), size):
            rows = self.rows[start : start + size]
            yield take_rows(self.values, rows), self.labels[rows]
            release_pages(self.values)


def scale_pixels(block: np.ndarray) -> np.ndarray:
    """Return pixels uint8 as float32 in [-1, 1), (p - 128) / 128; features as they are. C-contiguous, same shape."""
    if block.dtype != np.uint8:
        return np.ascontiguousarray(block, np.float32)
    values = block.astype(np.float32, order="C")
    values -= np.float32(PIXEL_OFFSET)
    values /= np.float32(PIXEL_OFFSET)
    return values


def to_nchw(block: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Return rows of pixels (n, C*H*W) as images (n, C, H, W)."""
    return block.reshape(len(block), *image_shape)
