"""The 15 corruptions of Hendrycks and Dietterich (2019, ICLR) in 5 severities, for images of any size.

Strengths are those of CIFAR-10-C; distances in pixels scale with the image size. The images differ from the files of
CIFAR-10-C: random numbers are drawn for many images at once, and frost is generated, since its photographs may not be
redistributed (docs/robustness.md).
"""

import io
import logging
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from cifarbench.features.resampling import area_matrix, zoom_matrix
from cifarbench.robustness.image_ops import convolve, disk_kernel, gaussian_blur, motion_blur, plasma_noise

log = logging.getLogger(__name__)

# Pixels: the image size for which strengths are given.
REFERENCE_SIZE = 32
BLOCK_ROWS = 1000
# Number of directions of a motion.
ANGLES = 31

Corruption = Callable[[np.ndarray, int, float, np.random.Generator], np.ndarray]


def corrupt(
    images: np.ndarray, image_shape: tuple[int, int, int], name: str, severity: int, seed: int
) -> np.ndarray:
    """Return corrupted images (N, C*H*W) uint8; the result depends on the seed only.

    images: (N, C*H*W) uint8. name: one of CORRUPTIONS. severity: 1 to 5.
    """
    corrupted = np.empty_like(images)
    scale = min(image_shape[1:]) / REFERENCE_SIZE
    for start in range(0, len(images), BLOCK_ROWS):
        block = np.asarray(images[start : start + BLOCK_ROWS]).reshape(-1, *image_shape)
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), severity, start])
        values = CORRUPTIONS[name](block.astype(np.float32) / 255, severity - 1, scale, random)
        pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
        corrupted[start : start + len(block)] = pixels.reshape(len(block), -1)
    return corrupted


def _gaussian_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    return x + random.standard_normal(x.shape, np.float32) * (0.04, 0.06, 0.08, 0.09, 0.10)[s]


def _shot_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    photons = (500, 250, 100, 75, 50)[s]
    return random.poisson(x * photons) / np.float32(photons)


def _impulse_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[s]
    chance = random.random(x.shape, np.float32)
    return np.where(chance < share / 2, 0, np.where(chance < share, 1, x))


def _defocus_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    radius, softness = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))[s]
    return convolve(x, disk_kernel(radius * scale, softness))


def _glass_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Swap pixels with their neighbours, pixel by pixel, in all images at once."""
    sigma, times = ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))[s]
    reach = max(1, round(scale))
    # Pixels first: each swap then moves contiguous memory.
    y = np.ascontiguousarray(gaussian_blur(x, sigma * scale).transpose(2, 3, 0, 1))
    height, width, count = y.shape[:3]
    images = np.arange(count)
    for _ in range(times):
        for row in range(height - reach - 1, reach - 1, -1):
            for column in range(width - reach - 1, reach - 1, -1):
                down, across = random.integers(-reach, reach + 1, (2, count))
                neighbor = row + down, column + across, images
                pixel = y[row, column].copy()
                y[row, column] = y[neighbor]
                y[neighbor] = pixel
    return gaussian_blur(y.transpose(2, 3, 0, 1), sigma * scale)


def _motion_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    radius, sigma = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))[s]
    angles = random.choice(np.linspace(-45, 45, ANGLES), len(x))
    return motion_blur(x, radius * scale, sigma * scale, angles)


def _zoom_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    factors = np.arange(1, (1.06, 1.11, 1.16, 1.21, 1.26)[s], 0.01).round(2)
    height, width = x.shape[2:]
    total = sum(zoom_matrix(height, f) @ x @ zoom_matrix(width, f).T for f in factors.tolist())
    return (x + total) / (len(factors) + 1)


def _snow(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    mean, spread, size, least, radius, sigma, opacity = (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )[s]
    count, _, height, width = x.shape
    flakes = random.normal(mean, spread, (count, 1, height, width)).astype(np.float32)
    flakes = zoom_matrix(height, size) @ flakes @ zoom_matrix(width, size).T
    flakes[flakes < least] = 0
    angles = random.choice(np.linspace(-135, -45, ANGLES), count)
    flakes = motion_blur(np.clip(flakes, 0, 1), radius * scale, sigma * scale, angles)
    grey = x.mean(axis=1, keepdims=True)
    return opacity * x + (1 - opacity) * np.maximum(x, grey * 1.5 + 0.5) + flakes + flakes[:, :, ::-1, ::-1]


def _frost(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Add bright ridges of a random texture; bluish in color images."""
    opacity, strength = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[s]
    texture = plasma_noise(len(x), x.shape[2], x.shape[3], 1.6, random)[:, None]
    ridges = 1 - np.abs(2 * texture - 1)
    tint = np.array([0.8, 0.92, 1.0], np.float32)[:, None, None] if x.shape[1] == 3 else np.float32(0.9)
    return opacity * x + strength * (0.35 + 0.65 * ridges**2) * tint


def _fog(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    strength, decay = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))[s]
    brightest = x.max(axis=(1, 2, 3), keepdims=True)
    foggy = x + strength * plasma_noise(len(x), x.shape[2], x.shape[3], decay, random)[:, None]
    return foggy * brightest / (brightest + strength)


def _brightness(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Raise the value of HSV: the largest channel grows, and the others in proportion."""
    value = x.max(axis=1, keepdims=True)
    brighter = np.minimum(value + (0.05, 0.1, 0.15, 0.2, 0.3)[s], 1)
    return np.where(value > 0, x * brighter / np.maximum(value, 1e-6), brighter)


def _contrast(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    mean = x.mean(axis=(2, 3), keepdims=True)
    return (x - mean) * (0.75, 0.5, 0.4, 0.3, 0.15)[s] + mean


def _elastic_transform(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Apply a random affine map, given by three points, then a smooth random displacement."""
    alpha, sigma, shift = (
        np.array(
            ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03))[s]
        )
        * REFERENCE_SIZE
        * scale
    )
    count, _, height, width = x.shape
    center, reach = np.array([height, width]) // 2, max(min(height, width) // 3, 1)
    corners = center + reach * np.array([[1, 1], [1, -1], [-1, -1]])
    goals = corners + random.uniform(-shift, shift, (count, 3, 2))
    ones = np.ones((count, 3, 1))
    # Source of each pixel of the new image: (count, 3, 2) weights of row, column and 1.
    affine = np.linalg.solve(np.concatenate([goals, ones], axis=2), np.broadcast_to(corners, goals.shape))
    rows, columns = np.mgrid[:height, :width]
    grid = np.stack([rows, columns, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    positions = (grid @ affine).reshape(count, height, width, 2).transpose(3, 0, 1, 2)
    if alpha:
        noise = random.uniform(-1, 1, (2, count, height, width)).astype(np.float32)
        positions = positions + alpha * gaussian_blur(noise, float(sigma))
    return _interpolate(x, *positions)


def _interpolate(x: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W), interpolated linearly at positions (N, H, W); border pixels are repeated."""
    height, width = x.shape[2:]
    down, across = np.clip(down, 0, height - 1), np.clip(across, 0, width - 1)
    top = np.minimum(down.astype(int), height - 2)
    left = np.minimum(across.astype(int), width - 2)
    low, right = (down - top)[..., None], (across - left)[..., None]
    pixels, images = x.transpose(0, 2, 3, 1), np.arange(len(x))[:, None, None]
    upper = pixels[images, top, left] * (1 - right) + pixels[images, top, left + 1] * right
    lower = pixels[images, top + 1, left] * (1 - right) + pixels[images, top + 1, left + 1] * right
    return (upper * (1 - low) + lower * low).transpose(0, 3, 1, 2)


def _pixelate(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[s]
    sizes = [(size, max(1, int(size * share))) for size in x.shape[2:]]
    down, across = (area_matrix(*pair) for pair in sizes)
    rows, columns = (((np.arange(size) + 0.5) * new / size).astype(int) for size, new in sizes)
    return (down @ x @ across.T)[:, :, rows][:, :, :, columns]


def _jpeg_compression(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    pixels = np.rint(x * 255).astype(np.uint8)
    # JPEG takes one or three channels; with other numbers, each channel is an image.
    images = pixels.transpose(0, 2, 3, 1) if x.shape[1] == 3 else pixels.reshape(-1, *x.shape[2:])
    compressed = np.empty_like(images)
    for index, image in enumerate(images):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=(80, 65, 58, 50, 40)[s])
        compressed[index] = Image.open(file)
    compressed = compressed.transpose(0, 3, 1, 2) if x.shape[1] == 3 else compressed.reshape(x.shape)
    return compressed.astype(np.float32) / 255


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": _gaussian_noise,
    "shot_noise": _shot_noise,
    "impulse_noise": _impulse_noise,
    "defocus_blur": _defocus_blur,
    "glass_blur": _glass_blur,
    "motion_blur": _motion_blur,
    "zoom_blur": _zoom_blur,
    "snow": _snow,
    "frost": _frost,
    "fog": _fog,
    "brightness": _brightness,
    "contrast": _contrast,
    "elastic_transform": _elastic_transform,
    "pixelate": _pixelate,
    "jpeg_compression": _jpeg_compression,
}


def evaluate_corruptions(
    predict: Callable[[np.ndarray], np.ndarray],
    images: Callable[[str, int], np.ndarray],
    y_true: np.ndarray,
    corruptions: list[str],
    severities: list[int],
) -> dict[str, Any]:
    """Compute the accuracy under each corruption at each severity, ready for JSON.

    predict: returns the classes (N,) of images. images: returns the test images under a corruption at a severity; they
    are released after use. y_true: (N,).

    `mean_accuracy` is the mean over all corruptions and severities, as in CIFAR-10-C. `worst_corruption` is the
    corruption with the lowest mean.
    """
    accuracy: dict[str, list[float]] = {name: [] for name in corruptions}
    for name in corruptions:
        for severity in severities:
            accuracy[name].append(float(np.mean(predict(images(name, severity)) == y_true)))
            log.info("%s, severity %d: accuracy %.4f", name, severity, accuracy[name][-1])
    means = {name: float(np.mean(values)) for name, values in accuracy.items()}
    return {
        "severities": severities,
        "accuracy": accuracy,
        "mean_accuracy": float(np.mean([*means.values()])),
        "mean_by_severity": np.mean([*accuracy.values()], axis=0).tolist(),
        "worst_corruption": min(means, key=means.__getitem__),
        "worst_accuracy": min(means.values()),
    }
