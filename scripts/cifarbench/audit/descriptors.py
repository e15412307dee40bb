"""Describe images for comparison: downscale them to grey, extract details and histograms of oriented gradients."""

from collections.abc import Iterator

import numpy as np

from cifarbench.features import hog
from cifarbench.features.fit_inputs import to_nchw
from cifarbench.features.resampling import area_matrix, gaussian_matrix, linear_matrix
from cifarbench.io.memmap import ConcatenatedArrays, release_pages

# Images (N, C*H*W) uint8, in memory or mapped from files.
Rows = np.ndarray | ConcatenatedArrays
# Height and width of a downscaled image, large enough to distinguish two photographs.
SIDE = 32
BLOCK_ROWS = 1024
# Standard deviations in pixels of the Gaussians whose differences are the fine and the coarse details.
SIGMAS = (0.5, 1.2, 3.0)
N_BANDS = len(SIGMAS) - 1
# Standard deviation of the Gaussian within which contrast is equalised, and the contrast of noise (of 255).
NEIGHBORHOOD, NOISE = 3.0, 3.0
# Standard deviations of the Gaussians whose difference is the edge map.
EDGE_SIGMAS = (0.7, 3.0)
# Parameters of the feature type `hog`: 3 x 3 blocks of 2 x 2 cells, 324 values.
HOG_PARAMS = {"orientations": 9, "pixels_per_cell": 8, "cells_per_block": 2}
# Standard deviation of the Gaussian blur before HOG.
HOG_SIGMA = 1.5


def iter_blocks(rows: Rows, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of rows: their slice, and their values (n, D). One block at a time is in memory."""
    for start in range(0, len(rows), size):
        block = slice(start, min(start + size, len(rows)))
        yield block, rows[block]
        release_pages(rows)


def resize(block: np.ndarray, image_shape: tuple[int, int, int], size: tuple[int, int]) -> np.ndarray:
    """Return images (n, C*H*W) as (n, C, *size) float32, averaged over areas or interpolated linearly."""
    vertical, horizontal = (_resampling(old, new) for old, new in zip(image_shape[1:], size, strict=True))
    return vertical @ to_nchw(block, image_shape).astype(np.float32) @ horizontal.T


def downscale_gray(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return the mean of the channels of images (N, C*H*W) uint8, resized: (N, SIDE, SIDE) float32."""
    gray = to_nchw(images, image_shape).mean(axis=1, dtype=np.float32)
    return resize(gray, (1, *image_shape[1:]), (SIDE, SIDE))[:, 0]


class DownscaledImages:
    """Downscale images when they are indexed: `images[rows]`, rows (n,) int, is grey (n, SIDE, SIDE) float32."""

    def __init__(self, images: Rows, image_shape: tuple[int, int, int]):
        self._images, self._shape = images, image_shape

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return downscale_gray(self._images[rows], self._shape)

    def chroma(self, rows: np.ndarray) -> np.ndarray:
        """Return each channel less the mean of all channels: (n, C, SIDE, SIDE) float32."""
        images = resize(self._images[rows], self._shape, (SIDE, SIDE))
        return images - images.mean(axis=1, keepdims=True)


def bandpass_features(gray: np.ndarray) -> np.ndarray:
    """Return the details of grey images (N, SIDE, SIDE): (N, N_BANDS, SIDE, SIDE) float32.

    They are differences of Gaussians, divided by their local standard deviation, so that they do not depend on
    brightness and contrast. Values below NOISE stay near 0.
    """
    features = np.empty((len(gray), N_BANDS, SIDE, SIDE), np.float32)
    blurred = [_filter(gray, _gaussian(sigma)) for sigma in SIGMAS]
    for band in range(N_BANDS):
        values = blurred[band] - blurred[band + 1]
        strength = np.sqrt(np.maximum(_filter(np.square(values), _gaussian(NEIGHBORHOOD)), 0))
        features[:, band] = values / (strength + NOISE)
    return features


def edge_map(gray: np.ndarray) -> np.ndarray:
    """Return the difference of two Gaussians of grey images (N, SIDE, SIDE), float32, not normalized."""
    return _filter(gray, _gaussian(EDGE_SIGMAS[0])) - _filter(gray, _gaussian(EDGE_SIGMAS[1]))


def hog_features(gray: np.ndarray) -> np.ndarray:
    """Return the features of the type `hog` of grey images (N, SIDE, SIDE), blurred for robustness: (N, D) float32."""
    blurred = _filter(gray, _gaussian(HOG_SIGMA))
    return hog.transform(blurred.reshape(len(gray), -1), {}, HOG_PARAMS, (1, SIDE, SIDE))


def _filter(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    # One product along rows, then one for each image, so that no array is transposed in memory.
    horizontal = (images.reshape(-1, SIDE) @ matrix.T).reshape(-1, SIDE, SIDE)
    return matrix @ horizontal


def _gaussian(sigma: float) -> np.ndarray:
    """Return the matrix (SIDE, SIDE) that blurs a row of pixels; pixels at the border are repeated beyond it."""
    return gaussian_matrix(SIDE, sigma, "edge", 2 * SIDE)


def _resampling(old: int, new: int) -> np.ndarray:
    """Return the matrix (new, old) that resizes a row of pixels, by area if it shrinks, else linearly."""
    return (
        linear_matrix((np.arange(new) + 0.5) * old / new - 0.5, old) if old < new else area_matrix(old, new)
    )
