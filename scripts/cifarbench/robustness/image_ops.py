"""Image operations of the corruptions (blur, zoom, noise textures), on many images at once."""

from functools import cache

import numpy as np


def convolve(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W) float32, convolved with a kernel (k, k), k odd; the border is reflected."""
    reach = len(kernel) // 2
    height, width = images.shape[2:]
    edges = ((0, 0), (0, 0), (reach, reach), (reach, reach))
    padded = np.pad(images, edges, "reflect" if reach < min(height, width) else "symmetric")
    result = np.zeros_like(images)
    for down, across in zip(*np.nonzero(kernel), strict=True):
        result += kernel[down, across] * padded[:, :, down : down + height, across : across + width]
    return result


def gaussian_blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Return images (..., H, W), blurred with a Gaussian."""
    height, width = images.shape[-2:]
    return gaussian_matrix(height, sigma) @ images @ gaussian_matrix(width, sigma).T


@cache
def gaussian_matrix(size: int, sigma: float) -> np.ndarray:
    """Return the matrix (size, size) float32 that blurs a row of pixels; the border is reflected."""
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
    """Return a disk (k, k) float32 with a blurred edge and the sum 1; radius and softness are in pixels."""
    reach = int(np.ceil(radius + 2 * softness)) + 1
    offsets = np.arange(-reach, reach + 1)
    inside = (np.square(offsets[:, None]) + np.square(offsets) <= radius**2).astype(np.float32)
    soft = gaussian_blur(inside, softness)
    return soft / soft.sum()


def motion_kernel(radius: float, sigma: float, degrees: float) -> np.ndarray:
    """Return the kernel (k, k) float32 of a motion at an angle: a fading line with the sum 1."""
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
    """Return images (N, C, H, W), blurred by a motion at the angles `degrees` (N,); fast for few distinct angles."""
    blurred = np.empty_like(images)
    for angle in np.unique(degrees):
        chosen = degrees == angle
        blurred[chosen] = convolve(images[chosen], motion_kernel(radius, sigma, float(angle)))
    return blurred


@cache
def zoom_matrix(size: int, factor: float) -> np.ndarray:
    """Return the matrix (size, size) float32 that enlarges a row of pixels about its center, linearly."""
    middle = (size - 1) / 2
    positions = np.clip((np.arange(size) - middle) / factor + middle, 0, size - 1)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(size))).astype(np.float32)


@cache
def downsample_matrix(size: int, new_size: int) -> np.ndarray:
    """Return the matrix (new_size, size) float32 that downsamples a row of pixels by averaging."""
    edges, pixels = np.arange(new_size + 1) * size / new_size, np.arange(size)
    shares = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(0, shares) * new_size / size).astype(np.float32)


def plasma_noise(
    count: int, height: int, width: int, decay: float, random: np.random.Generator
) -> np.ndarray:
    """Return random textures (count, height, width) float32 in [0, 1]; each finer octave is weaker by `decay`."""
    texture = np.zeros((count, height, width), np.float32)
    cells, strength = 1, 1.0
    while cells < 2 * max(height, width):
        grid = random.uniform(-strength, strength, (count, cells + 1, cells + 1)).astype(np.float32)
        down, across = (_interpolation_matrix(cells + 1, size) for size in (height, width))
        texture += down @ grid @ across.T
        cells, strength = 2 * cells, strength / decay
    low, high = texture.min(axis=(1, 2), keepdims=True), texture.max(axis=(1, 2), keepdims=True)
    return (texture - low) / np.maximum(high - low, 1e-6)


@cache
def _interpolation_matrix(points: int, size: int) -> np.ndarray:
    """Return the matrix (size, points) float32 that interpolates points linearly at `size` pixels."""
    positions = np.linspace(0, points - 1, size)
    return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(points))).astype(np.float32)
