"""Compute counts, sums and products of values, from which principal components are fitted.

Moments are additive: those of a fold's training images are those of all images less those of the fold.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from cifarbench.io.atomic import load_npz, save_npz
from cifarbench.io.memmap import release_pages, take_rows
from cifarbench.runtime.threads import map_threaded

# Subtracted from pixels of 0 to 255: smaller squares have smaller rounding errors in float32 products.
PIXEL_OFFSET = 128.0
CHUNK_ROWS = 4096


@dataclass(frozen=True)
class RunningCovariance:
    """Moments of N images of D values, each less `middle`: PIXEL_OFFSET for pixels, 0 for features.

    count: N. sums, squares: (D,) float64, exact. scatter: (D, D) float64, products of the deviations from the mean,
    summed over the images.
    """

    count: int
    sums: np.ndarray
    squares: np.ndarray
    scatter: np.ndarray
    middle: float = PIXEL_OFFSET

    @classmethod
    def from_images(cls, images: np.ndarray, rows: np.ndarray | None = None, threads: int = 1) -> Self:
        """Compute the moments of `images` (N, D), uint8 pixels or float32 features, or of `rows`, in bounded memory."""
        rows = np.arange(len(images)) if rows is None else rows
        n_features = images.shape[1]
        chunks = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)]

        def load(rows: np.ndarray) -> np.ndarray:
            chunk = center(take_rows(images, rows))
            release_pages(images)
            return chunk

        def sum_chunk(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            chunk = load(rows)
            return chunk.sum(axis=0, dtype=np.float64), np.einsum("ij,ij->j", chunk, chunk, dtype=np.float64)

        def multiply_chunk(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            chunk = load(rows)
            chunk -= mean
            return chunk.sum(axis=0, dtype=np.float64), chunk.T @ chunk

        sums, squares = np.zeros(n_features), np.zeros(n_features)
        for chunk_sums, chunk_squares in map_threaded(sum_chunk, chunks, threads):
            sums += chunk_sums
            squares += chunk_squares
        mean = (sums / len(rows)).astype(np.float32)
        offset, scatter = np.zeros(n_features), np.zeros((n_features, n_features))
        for chunk_sums, products in map_threaded(multiply_chunk, chunks, threads):
            offset += chunk_sums
            scatter += products
        # Correct the rounding error of the float32 mean.
        scatter -= np.outer(offset, offset) / len(rows)
        return cls(len(rows), sums, squares, scatter, pixel_offset(images))

    def __sub__(self, fold: Self) -> Self:
        """Return the moments of the images without those of `fold`."""
        count = self.count - fold.count
        sums = self.sums - fold.sums
        difference = sums / count - fold.sums / fold.count
        scatter = self.scatter - fold.scatter
        scatter -= np.outer(difference, difference) * (count * fold.count / self.count)
        return type(self)(count, sums, self.squares - fold.squares, scatter, self.middle)

    @property
    def mean(self) -> np.ndarray:
        """Return the mean of each value, (D,) float64; of pixels on the scale of 0 to 255."""
        return self.sums / self.count + self.middle

    @property
    def variance(self) -> np.ndarray:
        """Return the variance of each value (divided by N), (D,) float64; exactly 0 where all images agree."""
        return (self.count * self.squares - self.sums**2) / self.count**2

    def covariance(self) -> np.ndarray:
        """Return the covariance (divided by N - 1), (D, D) float64."""
        covariance = self.scatter / (self.count - 1)
        # Replace the diagonal, which has rounding errors of float32 products, by the exact variances.
        np.fill_diagonal(covariance, self.variance * (self.count / (self.count - 1)))
        return covariance

    def save(self, path: Path) -> None:
        """Write as .npz."""
        save_npz(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        arrays: dict[str, Any] = load_npz(path)
        return cls(**arrays | {"count": int(arrays["count"]), "middle": float(arrays["middle"])})


def pixel_offset(values: np.ndarray) -> float:
    """Return the number that `center` subtracts from values of this type."""
    return PIXEL_OFFSET if values.dtype == np.uint8 else 0.0


def center(values: np.ndarray) -> np.ndarray:
    """Return pixels less PIXEL_OFFSET, or features as they are, as C-contiguous float32 of the same shape."""
    centered = values.astype(np.float32, order="C")
    if pixel_offset(values):
        centered -= np.float32(pixel_offset(values))
    return centered
