"""Generate any number of random images, in the layout of downsampled ImageNet, to measure scaling.

Each is a sum of cosine patterns, whose strength falls with their frequency as in photographs, and noise. The strengths
of a class's images are near a few centroids, so that near images are often, but not always, of the same class.
"""

import pickle
from pathlib import Path

import numpy as np

from cifarbench.data.imagenet import FIRST_LABEL, TEST, TRAIN
from cifarbench.io.atomic import atomic_write
from cifarbench.io.memmap import release_pages

# Frequencies along each side of an image.
N_FREQUENCIES = 8
# Centroids of each class.
N_CENTROIDS = 4
# Standard deviation of the centroids; that of the images around them is 1.
SEPARATION = 0.8
# Largest absolute value of the noise, in grey levels.
NOISE = 8
# Grey levels per unit of strength, at frequency 0.
CONTRAST = 45.0
# Images that are generated in one block.
BLOCK_ROWS = 4096


def write_synthetic_archive(
    folder: Path, n_train: int, n_test: int, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> None:
    """Write the eleven files; equal arguments give equal bytes.

    Images are mapped to a temporary file before they are pickled, so that only one block of them needs memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    patterns = _patterns(image_shape)
    random = np.random.default_rng(seed)
    centroids = random.normal(scale=SEPARATION, size=(n_classes * N_CENTROIDS, len(patterns)))
    centroids = centroids.astype(np.float32)
    shares = np.diff(np.linspace(0, n_train, len(TRAIN) + 1).astype(int))
    for number, (name, rows) in enumerate([*zip(TRAIN, shares, strict=True), (TEST, n_test)]):
        # Every class has training and test images, if there are enough images.
        labels = random.permutation(np.arange(rows) + number * shares[0]) % n_classes
        temporary = folder / f".{name}.part"
        mapped = np.memmap(temporary, np.uint8, "w+", shape=(rows, patterns.shape[1]))
        sums = np.zeros(patterns.shape[1])
        for start in range(0, rows, BLOCK_ROWS):
            block = labels[start : start + BLOCK_ROWS]
            means = centroids[block * N_CENTROIDS + random.integers(N_CENTROIDS, size=len(block))]
            strengths = means + random.standard_normal(means.shape, np.float32)
            values = 128 + strengths @ patterns
            values += random.integers(-NOISE, NOISE + 1, values.shape, np.int8)
            mapped[start : start + BLOCK_ROWS] = images = values.clip(0, 255).astype(np.uint8)
            sums += images.sum(axis=0)
            release_pages(mapped)
        # Read-only arrays are pickled without a copy.
        images = np.asarray(mapped)
        images.flags.writeable = False
        batch = {"data": images, "labels": (labels + FIRST_LABEL).tolist(), "mean": sums / rows}
        with atomic_write(folder / name) as file:
            pickle.dump(batch, file, protocol=5)
        temporary.unlink()


def _patterns(image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return products of cosines, in grey and two opponent colours: (patterns, channels * height * width) float32."""
    channels, height, width = image_shape
    colours = np.array([[1, 1, 1], [0.4, 0, -0.4], [-0.2, 0.4, -0.2]]) if channels == 3 else np.eye(channels)
    cosines = [
        np.cos(np.pi * np.arange(N_FREQUENCIES)[:, None] * (np.arange(side) + 0.5) / side)
        for side in (height, width)
    ]
    frequency = np.hypot(*np.meshgrid(np.arange(N_FREQUENCIES), np.arange(N_FREQUENCIES), indexing="ij"))
    strength = CONTRAST / (1 + frequency) ** 1.5
    patterns = np.einsum("kc,fh,gw,fg->kfgchw", colours, *cosines, strength)
    return patterns.reshape(-1, channels * height * width).astype(np.float32)
