"""Matrices that blur, enlarge or resize a row of pixels; images are multiplied by them from both sides."""

from functools import cache
from typing import Literal

import numpy as np


@cache
def gaussian_matrix(size: int, sigma: float, border: Literal["edge", "symmetric"], reach: int) -> np.ndarray:
    """Return the matrix (size, size) float32 that blurs a row of pixels.

    sigma: in pixels. border: a mode of `numpy.pad`, by which the row is continued by `reach` pixels on each side.
    """
    if sigma <= 0:
        return np.eye(size, dtype=np.float32)
    positions = np.arange(-reach, size + reach)
    weights = np.exp(-0.5 * np.square((np.arange(size)[:, None] - positions) / sigma))
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((size, size))
    np.add.at(matrix.T, np.pad(np.arange(size), reach, border), weights.T)
    return matrix.astype(np.float32)


@cache
def zoom_matrix(size: int, factor: float) -> np.ndarray:
    """Return the matrix (size, size) float32 that enlarges a row of pixels about its center, linearly."""
    middle = (size - 1) / 2
    return linear_matrix((np.arange(size) - middle) / factor + middle, size)


@cache
def area_matrix(size: int, new_size: int) -> np.ndarray:
    """Return the matrix (new_size, size) float32 that downsamples a row of pixels by averaging over areas."""
    edges, pixels = np.arange(new_size + 1) * size / new_size, np.arange(size)
    shares = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(0, shares) * new_size / size).astype(np.float32)


def linear_matrix(positions: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix (n, size) float32 that interpolates a row of pixels at positions (n,), clipped to the row."""
    positions = np.clip(positions, 0, size - 1)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(size))).astype(np.float32)
