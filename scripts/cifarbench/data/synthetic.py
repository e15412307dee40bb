"""Images made up, as many as are asked for, in the layout of downsampled ImageNet: to see how a study grows.

Each is a sum of cosine patterns whose strength falls with their frequency, as in photographs, and noise. A class has
a few centres among the strengths, around which its images lie: near ones are often of one class, and not always.
"""

import pickle
from pathlib import Path

import numpy as np

from cifarbench.data.imagenet import FIRST_LABEL, TEST, TRAIN
from cifarbench.study.files import replacing

# Frequencies along each side, centres of a class, how far they lie apart (images lie around them by 1), and noise.
FREQUENCIES, CENTRES, APART, NOISE = 8, 4, 0.8, 8
CONTRAST = 45.0
BLOCK_ROWS = 4096


def write_synthetic_archive(
    folder: Path, n_train: int, n_test: int, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> None:
    """Write the eleven files. Equal arguments give equal bytes; the training images are a tenth in memory at a time."""
    patterns = _patterns(image_shape)
    random = np.random.default_rng(seed)
    centres = random.normal(scale=APART, size=(n_classes * CENTRES, len(patterns))).astype(np.float32)
    shares = np.diff(np.linspace(0, n_train, len(TRAIN) + 1).astype(int))
    for number, (name, rows) in enumerate([*zip(TRAIN, shares, strict=True), (TEST, n_test)]):
        images = np.empty((rows, patterns.shape[1]), np.uint8)
        # Every class is in the training and in the test images, if there are enough of them.
        labels = random.permutation(np.arange(rows) + number * shares[0]) % n_classes
        for start in range(0, rows, BLOCK_ROWS):
            block = labels[start : start + BLOCK_ROWS]
            around = centres[block * CENTRES + random.integers(CENTRES, size=len(block))]
            strengths = around + random.standard_normal(around.shape, np.float32)
            values = 128 + strengths @ patterns
            values += random.integers(-NOISE, NOISE + 1, values.shape, np.int8)
            images[start : start + BLOCK_ROWS] = values.clip(0, 255)
        # Arrays that can't be written to are pickled without a copy.
        images.flags.writeable = False
        batch = {"data": images, "labels": (labels + FIRST_LABEL).tolist(), "mean": images.mean(axis=0)}
        with replacing(folder / name) as file:
            pickle.dump(batch, file, protocol=5)


def _patterns(image_shape: tuple[int, int, int]) -> np.ndarray:
    """Products of cosines, in grey and two differences of colours: (patterns, channels * height * width) float32."""
    channels, height, width = image_shape
    colours = np.array([[1, 1, 1], [0.4, 0, -0.4], [-0.2, 0.4, -0.2]]) if channels == 3 else np.eye(channels)
    along = [
        np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * (np.arange(side) + 0.5) / side)
        for side in (height, width)
    ]
    frequency = np.hypot(*np.meshgrid(np.arange(FREQUENCIES), np.arange(FREQUENCIES), indexing="ij"))
    strength = CONTRAST / (1 + frequency) ** 1.5
    patterns = np.einsum("kc,fh,gw,fg->kfgchw", colours, *along, strength)
    return patterns.reshape(-1, channels * height * width).astype(np.float32)
