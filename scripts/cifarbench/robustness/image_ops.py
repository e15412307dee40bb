"""Image operations of the corruptions (blur, zoom, noise textures), on many images at once."""

import numpy as np

from cifarbench.features.resampling import gaussian_matrix, linear_matrix


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
    """Return images (..., H, W), blurred with a Gaussian; the border is reflected."""
    down, across = (gaussian_matrix(side, sigma, "symmetric", side) for side in images.shape[-2:])
    return down @ images @ across.T


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


def plasma_noise(
    count: int, height: int, width: int, decay: float, random: np.random.Generator
) -> np.ndarray:
    """Return random textures (count, height, width) float32 in [0, 1]; each finer octave is weaker by `decay`."""
    texture = np.zeros((count, height, width), np.float32)
    cells, strength = 1, 1.0
    while cells < 2 * max(height, width):
        grid = random.uniform(-strength, strength, (count, cells + 1, cells + 1)).astype(np.float32)
        down, across = (linear_matrix(np.linspace(0, cells, size), cells + 1) for size in (height, width))
        texture += down @ grid @ across.T
        cells, strength = 2 * cells, strength / decay
    low, high = texture.min(axis=(1, 2), keepdims=True), texture.max(axis=(1, 2), keepdims=True)
    return (texture - low) / np.maximum(high - low, 1e-6)
