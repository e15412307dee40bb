"""Images made up, as many as are asked for, in the layout of downsampled ImageNet: to see how a study grows.

Each is a sum of cosine patterns whose strength falls with their frequency, as in photographs, and noise. A class has
a few centres among the strengths, around which its images lie: near ones are often of one class, and not always.
"""

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cifarbench.data.imagenet import FIRST_LABEL, TEST, TRAIN
from cifarbench.io.atomic import atomic_write
from cifarbench.io.memmap import release_pages

# Frequencies along each side, centres of a class, how far they lie apart (images lie around them by 1), and noise.
N_FREQUENCIES, N_CENTROIDS, SEPARATION, NOISE = 8, 4, 0.8, 8
CONTRAST = 45.0
BLOCK_ROWS = 4096
WRITE_BYTES = 1 << 24


def write_synthetic_archive(
    folder: Path, n_train: int, n_test: int, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> None:
    """Write the eleven files. Equal arguments give equal bytes. Images are mapped to a file on their way."""
    patterns = _patterns(image_shape)
    random = np.random.default_rng(seed)
    centres = random.normal(scale=SEPARATION, size=(n_classes * N_CENTROIDS, len(patterns))).astype(
        np.float32
    )
    shares = np.diff(np.linspace(0, n_train, len(TRAIN) + 1).astype(int))
    for number, (name, rows) in enumerate([*zip(TRAIN, shares, strict=True), (TEST, n_test)]):
        # Every class is in the training and in the test images, if there are enough of them.
        labels = random.permutation(np.arange(rows) + number * shares[0]) % n_classes
        way = folder / f".{name}.part"
        mapped = np.memmap(way, np.uint8, "w+", shape=(rows, patterns.shape[1]))
        sums = np.zeros(patterns.shape[1])
        for start in range(0, rows, BLOCK_ROWS):
            block = labels[start : start + BLOCK_ROWS]
            around = centres[block * N_CENTROIDS + random.integers(N_CENTROIDS, size=len(block))]
            strengths = around + random.standard_normal(around.shape, np.float32)
            values = 128 + strengths @ patterns
            values += random.integers(-NOISE, NOISE + 1, values.shape, np.int8)
            mapped[start : start + BLOCK_ROWS] = images = values.clip(0, 255).astype(np.uint8)
            sums += images.sum(axis=0)
            release_pages(mapped)
        # Arrays that can't be written to are pickled without a copy.
        images = np.asarray(mapped)
        images.flags.writeable = False
        batch = {"data": images, "labels": (labels + FIRST_LABEL).tolist(), "mean": sums / rows}
        with atomic_write(folder / name) as file:
            pickle.dump(batch, _Pieces(file, mapped), protocol=5)
        way.unlink()


class _Pieces:
    """A file to write to that lets go of a mapped array while its content is written."""

    def __init__(self, file: BinaryIO, mapped: np.memmap):
        self.file, self.mapped = file, mapped

    def write(self, content: Any) -> int:
        """Write all of it, some at a time."""
        view = memoryview(content).cast("B")
        for start in range(0, len(view), WRITE_BYTES):
            self.file.write(view[start : start + WRITE_BYTES])
            release_pages(self.mapped)
        return len(view)


def _patterns(image_shape: tuple[int, int, int]) -> np.ndarray:
    """Products of cosines, in grey and two differences of colours: (patterns, channels * height * width) float32."""
    channels, height, width = image_shape
    colours = np.array([[1, 1, 1], [0.4, 0, -0.4], [-0.2, 0.4, -0.2]]) if channels == 3 else np.eye(channels)
    along = [
        np.cos(np.pi * np.arange(N_FREQUENCIES)[:, None] * (np.arange(side) + 0.5) / side)
        for side in (height, width)
    ]
    frequency = np.hypot(*np.meshgrid(np.arange(N_FREQUENCIES), np.arange(N_FREQUENCIES), indexing="ij"))
    strength = CONTRAST / (1 + frequency) ** 1.5
    patterns = np.einsum("kc,fh,gw,fg->kfgchw", colours, *along, strength)
    return patterns.reshape(-1, channels * height * width).astype(np.float32)
