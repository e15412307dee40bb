"""Images that are odd by themselves: of one colour, cut off, far from all others of their class."""

from typing import NamedTuple

import numpy as np

from cifarbench.audit.views import BLOCK_ROWS, outlines, small_grey
from cifarbench.features.inputs import as_images

COLUMNS = ("split", "index", "reason", "score", "detail")
# Of 255: less difference than this within an image is none. Of its height: how much of one colour is told of.
FLAT, CUT_OFF = 3, 0.25
# The share of the width in which the cut has to show.
ABRUPT = 0.9
# Deviations from the median, as of a normal law, beyond which an image stands alone.
ALONE = 5.0
# The neighbour of its class that an image's distance is taken to, since a copy of it is no company.
COMPANY = 5
# Of the colours: height and width.
COARSE = 4


class Odd(NamedTuple):
    """An image, why it is odd, and how much: the worst first within a reason."""

    place: int
    reason: str
    score: float


def odd(images: np.ndarray, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int) -> list[Odd]:
    """What is odd about images (N, C*H*W) uint8 with labels (N,): `constant`, `broken`, `alone`, in this order.

    constant: of one colour; the score is 1. broken: a quarter of it at the bottom at least is of one colour, and it
    begins at once over the whole width, as in files that were cut off; the score is that share. alone: farther from its
    neighbours in its class than others are; the score is in deviations from the median of its class.
    """
    constant, cut = _flat(images, image_shape)
    found = [Odd(int(place), "constant", 1.0) for place in np.flatnonzero(constant)]
    broken = np.flatnonzero((cut >= CUT_OFF) & ~constant)
    found += [
        Odd(int(place), "broken", float(cut[place]))
        for place in broken[np.argsort(-cut[broken], kind="stable")]
    ]
    far = _far(images, labels, image_shape, threads)
    far[constant] = 0
    alone = np.flatnonzero(far > ALONE)
    return found + [
        Odd(int(p), "alone", float(far[p])) for p in alone[np.argsort(-far[alone], kind="stable")]
    ]


def shows_nothing(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Whether an image is of one colour: (N,) bool, for images (N, C*H*W) uint8."""
    return _flat(images, image_shape)[0]


def _flat(images: np.ndarray, image_shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Whether an image is of one colour, and how much of its height at the bottom was cut off: (N,) each."""
    constant, cut = np.empty(len(images), bool), np.zeros(len(images))
    height = image_shape[1]
    for start in range(0, len(images), BLOCK_ROWS):
        block = as_images(np.asarray(images[start : start + BLOCK_ROWS]), image_shape)
        rows = slice(start, start + len(block))
        lowest, highest = block.min(axis=(2, 3)).astype(int), block.max(axis=(2, 3)).astype(int)
        constant[rows] = (highest - lowest).max(axis=1) <= FLAT
        last = block[:, :, -1:, :1].astype(np.int16)
        same = (np.abs(block - last).max(axis=(1, 3)) == 0)[:, ::-1]
        count = np.where(same.all(axis=1), height, same.argmin(axis=1))
        # No horizon and no ground begins in the same row from one side to the other, and ends all light at once.
        edge = np.clip(height - 1 - count, 0, height - 1)
        above = block[np.arange(len(block)), :, edge].astype(np.int16)
        at_once = (np.abs(above - last[:, :, 0]).max(axis=1) > FLAT).mean(axis=1) > ABRUPT
        cut[rows] = np.where(at_once, count / height, 0)
    return constant, cut


def _far(
    images: np.ndarray, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int
) -> np.ndarray:
    """How far an image is from its class, (N,), in deviations from the median there."""
    import faiss

    faiss.omp_set_num_threads(threads)
    points = outlines_and_colours(images, image_shape)
    found = np.zeros(len(images))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        own = points[rows]
        squares, _ = faiss.knn(own, own, min(COMPANY + 1, len(rows)))
        distance = np.sqrt(np.maximum(squares[:, -1], 0)).astype(float)
        middle = np.median(distance)
        spread = 1.4826 * np.median(np.abs(distance - middle))
        found[rows] = (distance - middle) / spread if spread else 0
    return found


def outlines_and_colours(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Outlines and coarse colours, of about the same weight: (N, D) float32."""
    parts = []
    for start in range(0, len(images), BLOCK_ROWS):
        block = as_images(np.asarray(images[start : start + BLOCK_ROWS]), image_shape)
        lines = outlines(small_grey(block.reshape(len(block), -1), image_shape))
        lines /= np.maximum(np.linalg.norm(lines, axis=1, keepdims=True), 1e-6)
        rows = np.array_split(block, min(COARSE, image_shape[1]), axis=2)
        cells = [
            cell.mean(axis=(2, 3))
            for row in rows
            for cell in np.array_split(row, min(COARSE, image_shape[2]), axis=3)
        ]
        colours = np.stack(cells, axis=2).reshape(len(block), -1)
        colours = colours / 255 / np.sqrt(colours.shape[1])
        parts.append(np.concatenate([lines, colours], axis=1))
    return np.ascontiguousarray(np.concatenate(parts), np.float32)


def classes(images: np.ndarray, labels: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """How many images each class has, (n_classes,), and its mean image (n_classes, D) uint8."""
    count = np.bincount(labels, minlength=n_classes)
    sums = np.zeros((n_classes, images.shape[1]))
    for start in range(0, len(images), BLOCK_ROWS):
        block, own = (
            np.asarray(images[start : start + BLOCK_ROWS], np.float64),
            labels[start : start + BLOCK_ROWS],
        )
        np.add.at(sums, own, block)
    return count, np.rint(sums / np.maximum(count, 1)[:, None]).astype(np.uint8)
