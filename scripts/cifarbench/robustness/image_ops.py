"""What corruptions are made of: blurs, enlargements and textures, of many images at once."""

from functools import cache

import numpy as np


def convolve(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) float32 under a small kernel (k, k), k odd; the border is reflected."""
    reach = len(kernel) // 2
    height, width = images.shape[2:]
    mode = "reflect" if reach < min(height, width) else "symmetric"
    padded = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode)
    found = np.zeros_like(images)
    for down, across in zip(*np.nonzero(kernel), strict=True):
        found += kernel[down, across] * padded[:, :, down : down + height, across : across + width]
    return found


def gaussian_blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Images (..., H, W) under a Gaussian."""
    height, width = images.shape[-2:]
    return gaussian_matrix(height, sigma) @ images @ gaussian_matrix(width, sigma).T


@cache
def gaussian_matrix(size: int, sigma: float) -> np.ndarray:
    """(size, size) float32: the matrix that blurs a row of pixels; what lies beyond the border is reflected."""
    if sigma <= 0:
        return np.eye(size, dtype=np.float32)
    reach = np.arange(-size, 2 * size)
    weights = np.exp(-0.5 * np.square((np.arange(size)[:, None] - reach) / sigma))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.where(reach < 0, -1 - reach, np.where(reach >= size, 2 * size - 1 - reach, reach))
    matrix = np.zeros((size, size))
    np.add.at(matrix.T, mirrored, weights.T)
    return matrix.astype(np.float32)


def disk_kernel(radius: float, softness: float) -> np.ndarray:
    """(k, k) float32: a disk of a radius in pixels, its edge blurred, summing up to 1."""
    reach = int(np.ceil(radius + 2 * softness)) + 1
    places = np.arange(-reach, reach + 1)
    inside = (np.square(places[:, None]) + np.square(places) <= radius**2).astype(np.float32)
    soft = gaussian_matrix(len(places), softness) @ inside @ gaussian_matrix(len(places), softness).T
    return soft / soft.sum()


def motion_kernel(radius: float, sigma: float, degrees: float) -> np.ndarray:
    """(k, k) float32: the way of a moving point, fading along a line at an angle, summing up to 1."""
    reach = int(np.ceil(min(radius, 3 * sigma))) + 1
    kernel = np.zeros((2 * reach + 1,) * 2, np.float32)
    for distance in np.arange(0, min(radius, 3 * sigma) + 0.5, 0.5):
        down, across = (reach + distance * turn(np.deg2rad(degrees)) for turn in (np.sin, np.cos))
        top, left = int(np.floor(down)), int(np.floor(across))
        for row, share_down in ((top, 1 - (down - top)), (top + 1, down - top)):
            for column, share in ((left, 1 - (across - left)), (left + 1, across - left)):
                if share_down * share > 1e-9:
                    kernel[row, column] += np.exp(-0.5 * (distance / sigma) ** 2) * share_down * share
    return kernel / kernel.sum()


def motion_blur(images: np.ndarray, radius: float, sigma: float, degrees: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W), each moved at an angle of its own, (N,); few different angles are quick."""
    found = np.empty_like(images)
    for angle in np.unique(degrees):
        some = degrees == angle
        found[some] = convolve(images[some], motion_kernel(radius, sigma, float(angle)))
    return found


@cache
def zoom_matrix(size: int, factor: float) -> np.ndarray:
    """(size, size) float32: the matrix that enlarges a row of pixels about its middle, linearly."""
    middle = (size - 1) / 2
    places = np.clip((np.arange(size) - middle) / factor + middle, 0, size - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size))).astype(np.float32)


@cache
def downsample_matrix(size: int, fewer: int) -> np.ndarray:
    """(fewer, size) float32: the matrix that brings a row of pixels to fewer, each the mean of what it covers."""
    edges, pixels = np.arange(fewer + 1) * size / fewer, np.arange(size)
    shares = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(0, shares) * fewer / size).astype(np.float32)


def plasma_noise(
    count: int, height: int, width: int, decay: float, random: np.random.Generator
) -> np.ndarray:
    """(count, height, width) float32 in [0, 1]: random textures, each finer octave weaker by `decay`."""
    found = np.zeros((count, height, width), np.float32)
    cells, strength = 1, 1.0
    while cells < 2 * max(height, width):
        grid = random.uniform(-strength, strength, (count, cells + 1, cells + 1)).astype(np.float32)
        down, across = (_between(cells + 1, size) for size in (height, width))
        found += down @ grid @ across.T
        cells, strength = 2 * cells, strength / decay
    low, high = found.min(axis=(1, 2), keepdims=True), found.max(axis=(1, 2), keepdims=True)
    return (found - low) / np.maximum(high - low, 1e-6)


@cache
def _between(points: int, size: int) -> np.ndarray:
    """(size, points) float32: the matrix that draws lines between points, evenly over so many pixels."""
    places = np.linspace(0, points - 1, size)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(points))).astype(np.float32)
