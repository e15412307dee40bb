"""The 15 corruptions of Hendrycks and Dietterich (2019, ICLR) in 5 severities, for images of any size.

With the strengths of CIFAR-10-C, in which distances are of images of 32 pixels; they grow with the image. Many images
are corrupted at once, so they are not the very images of CIFAR-10-C, and frost is drawn, since its photographs are
others' (docs/robustness.md).
"""

import io
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from cifarbench.robustness.image_ops import (
    convolve,
    disk_kernel,
    downsample_matrix,
    gaussian_blur,
    motion_blur,
    plasma_noise,
    zoom_matrix,
)

SEVERITIES = (1, 2, 3, 4, 5)
# Pixels of the images that strengths are given for.
REFERENCE_SIZE = 32
BLOCK_ROWS = 1000
# Directions that a motion may have.
ANGLES = 31

Corruption = Callable[[np.ndarray, int, float, np.random.Generator], np.ndarray]


def corrupt(
    images: np.ndarray, image_shape: tuple[int, int, int], name: str, severity: int, seed: int
) -> np.ndarray:
    """Images (N, C*H*W) uint8 after a corruption, the same shape; the same for the same seed.

    name: one of CORRUPTIONS. severity: 1 to 5.
    """
    found = np.empty_like(images)
    scale = min(image_shape[1:]) / REFERENCE_SIZE
    for start in range(0, len(images), BLOCK_ROWS):
        block = np.asarray(images[start : start + BLOCK_ROWS]).reshape(-1, *image_shape)
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), severity, start])
        values = CORRUPTIONS[name](block.astype(np.float32) / 255, severity - 1, scale, random)
        whole = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
        found[start : start + len(block)] = whole.reshape(len(block), -1)
    return found


# ---- Noise ----


def _gaussian_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    return x + random.standard_normal(x.shape, np.float32) * (0.04, 0.06, 0.08, 0.09, 0.10)[s]


def _shot_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    photons = (500, 250, 100, 75, 50)[s]
    return random.poisson(x * photons) / np.float32(photons)


def _impulse_noise(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[s]
    chance = random.random(x.shape, np.float32)
    return np.where(chance < share / 2, 0, np.where(chance < share, 1, x))


# ---- Blur ----


def _defocus_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    radius, softness = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))[s]
    return convolve(x, disk_kernel(radius * scale, softness))


def _glass_blur(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Pixels change places with neighbours, one after the other, in all images at once."""
    sigma, times = ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))[s]
    reach = max(1, round(scale))
    # Pixels first: each change of places then moves whole rows of memory.
    y = np.ascontiguousarray(gaussian_blur(x, sigma * scale).transpose(2, 3, 0, 1))
    height, width, count = y.shape[:3]
    images = np.arange(count)
    for _ in range(times):
        for row in range(height - reach - 1, reach - 1, -1):
            for column in range(width - reach - 1, reach - 1, -1):
                down, across = random.integers(-reach, reach + 1, (2, count))
                place = row + down, column + across, images
                own = y[row, column].copy()
                y[row, column] = y[place]
                y[place] = own
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


# ---- Weather ----


def _snow(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    mean, spread, size, least, radius, sigma, kept = (
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
    return kept * x + (1 - kept) * np.maximum(x, grey * 1.5 + 0.5) + flakes + flakes[:, :, ::-1, ::-1]


def _frost(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Bright ridges between dark cells, as ice grows on glass; bluish, where there are colours."""
    kept, strength = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))[s]
    texture = plasma_noise(len(x), *x.shape[2:], 1.6, random)[:, None]
    ridges = 1 - np.abs(2 * texture - 1)
    tint = np.array([0.8, 0.92, 1.0], np.float32)[:, None, None] if x.shape[1] == 3 else np.float32(0.9)
    return kept * x + strength * (0.35 + 0.65 * ridges**2) * tint


def _fog(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    strength, decay = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))[s]
    brightest = x.max(axis=(1, 2, 3), keepdims=True)
    foggy = x + strength * plasma_noise(len(x), *x.shape[2:], decay, random)[:, None]
    return foggy * brightest / (brightest + strength)


def _brightness(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """More of the value of hue, saturation and value: the largest channel grows, and the others with it."""
    value = x.max(axis=1, keepdims=True)
    brighter = np.minimum(value + (0.05, 0.1, 0.15, 0.2, 0.3)[s], 1)
    return np.where(value > 0, x * brighter / np.maximum(value, 1e-6), brighter)


# ---- Digital ----


def _contrast(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    mean = x.mean(axis=(2, 3), keepdims=True)
    return (x - mean) * (0.75, 0.5, 0.4, 0.3, 0.15)[s] + mean


def _elastic_transform(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """Three points of the image move, and the rest with them; then every pixel a little, as its neighbours do."""
    alpha, sigma, shift = (
        np.array(
            ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03))[s]
        )
        * REFERENCE_SIZE
        * scale
    )
    count, _, height, width = x.shape
    middle, reach = np.array([height, width]) // 2, max(min(height, width) // 3, 1)
    corners = middle + reach * np.array([[1, 1], [1, -1], [-1, -1]])
    goals = corners + random.uniform(-shift, shift, (count, 3, 2))
    ones = np.ones((count, 3, 1))
    # Where each pixel of the new image comes from: (count, 3, 2) weights of row, column and 1.
    way = np.linalg.solve(np.concatenate([goals, ones], axis=2), np.broadcast_to(corners, goals.shape))
    rows, columns = np.mgrid[:height, :width]
    grid = np.stack([rows, columns, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    places = (grid @ way).reshape(count, height, width, 2).transpose(3, 0, 1, 2)
    if alpha:
        wind = random.uniform(-1, 1, (2, count, height, width)).astype(np.float32)
        places = places + alpha * gaussian_blur(wind, float(sigma))
    return _taken(x, *places)


def _taken(x: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Values of images (N, C, H, W) between pixels, at places (N, H, W); at the border its last pixels are repeated."""
    height, width = x.shape[2:]
    down, across = np.clip(down, 0, height - 1), np.clip(across, 0, width - 1)
    top, left = (
        np.minimum(places.astype(int), size - 2) for places, size in ((down, height), (across, width))
    )
    low, right = (down - top)[..., None], (across - left)[..., None]
    pixels, images = x.transpose(0, 2, 3, 1), np.arange(len(x))[:, None, None]
    upper = pixels[images, top, left] * (1 - right) + pixels[images, top, left + 1] * right
    lower = pixels[images, top + 1, left] * (1 - right) + pixels[images, top + 1, left + 1] * right
    return (upper * (1 - low) + lower * low).transpose(0, 3, 1, 2)


def _pixelate(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[s]
    fewer = [max(1, int(size * share)) for size in x.shape[2:]]
    down, across = (downsample_matrix(size, few) for size, few in zip(x.shape[2:], fewer, strict=True))
    rows, columns = (
        ((np.arange(size) + 0.5) * few / size).astype(int)
        for size, few in zip(x.shape[2:], fewer, strict=True)
    )
    return (down @ x @ across.T)[:, :, rows][:, :, :, columns]


def _jpeg_compression(x: np.ndarray, s: int, scale: float, random: np.random.Generator) -> np.ndarray:
    pixels = np.rint(x * 255).astype(np.uint8)
    # Of other numbers of channels than JPEG knows, each by itself.
    pictures = pixels.transpose(0, 2, 3, 1) if x.shape[1] == 3 else pixels.reshape(-1, *x.shape[2:])
    found = np.empty_like(pictures)
    for place, picture in enumerate(pictures):
        written = io.BytesIO()
        Image.fromarray(picture).save(written, "JPEG", quality=(80, 65, 58, 50, 40)[s])
        found[place] = Image.open(written)
    found = found.transpose(0, 3, 1, 2) if x.shape[1] == 3 else found.reshape(x.shape)
    return found.astype(np.float32) / 255


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
