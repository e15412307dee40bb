"""Images that are odd by themselves: of one colour, cut off, far from all others of their class."""

from typing import NamedTuple

import numpy as np

from cifarbench.audit.descriptors import Rows, downscale_gray, hog, iter_blocks
from cifarbench.features.fit_inputs import to_nchw
from cifarbench.io.memmap import release_pages
from cifarbench.runtime.faiss_setup import faiss

COLUMNS = ("split", "index", "issue", "score", "detail")
# Of 255: less difference than this within an image is none. Of its height: how much of one colour is told of.
UNIFORM_RANGE, MIN_TRUNCATED_SHARE = 3, 0.25
# The share of the width in which the cut has to show; percent of it that may go up further or less by chance.
EDGE_WIDTH_SHARE, STRAY_PERCENTILE = 0.9, 5
# Deviations from the median, as of a normal law, beyond which an image stands alone.
OUTLIER_MADS = 5.0
# The neighbour of its class that an image's distance is taken to, since a copy of it is no company.
NEIGHBOR_RANK = 5
# Of the colours: height and width.
COLOR_GRID = 4
# Images that are described at once.
BATCH_SIZE = 256


class ImageIssue(NamedTuple):
    """An image, why it is odd, and how much: the worst first within a reason."""

    index: int
    issue: str
    score: float


def find_image_issues(
    images: Rows, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int
) -> list[ImageIssue]:
    """Return the issues of images (N, C*H*W) uint8 with labels (N,), sorted by type.

    `low_information`: of one colour; the score is 1. `truncated`: at least a quarter at the bottom is of one colour,
    and begins in one row over the whole width, or in one up to a column and in another from there on, as in truncated
    files; the score is that share. `outlier`: farther from its neighbours in its class than others are; the score is in
    deviations from the median of its class.
    """
    constant, cut = _flat(images, image_shape)
    found = [ImageIssue(int(place), "low_information", 1.0) for place in np.flatnonzero(constant)]
    broken = np.flatnonzero((cut >= MIN_TRUNCATED_SHARE) & ~constant)
    found += [
        ImageIssue(int(place), "truncated", float(cut[place]))
        for place in broken[np.argsort(-cut[broken], kind="stable")]
    ]
    far = _far(images, labels, image_shape, threads)
    far[constant] = 0
    alone = np.flatnonzero(far > OUTLIER_MADS)
    return found + [
        ImageIssue(int(p), "outlier", float(far[p])) for p in alone[np.argsort(-far[alone], kind="stable")]
    ]


def is_uniform(images: Rows, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Whether an image is of one colour: (N,) bool, for images (N, C*H*W) uint8."""
    return _flat(images, image_shape)[0]


def _flat(images: Rows, image_shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Whether an image is of one colour, and how much of its height at the bottom was cut off: (N,) each."""
    constant, cut = np.empty(len(images), bool), np.zeros(len(images))
    height = image_shape[1]
    for rows, pixels in iter_blocks(images):
        block = to_nchw(pixels, image_shape)
        lowest, highest = block.min(axis=(2, 3)).astype(int), block.max(axis=(2, 3)).astype(int)
        constant[rows] = (highest - lowest).max(axis=1) <= UNIFORM_RANGE
        # How far up the last pixel's colour goes in each column: (n, W).
        same = (block == block[:, :, -1:, -1:]).all(axis=1)[:, ::-1]
        run = np.where(same.all(axis=1), height, same.argmin(axis=1))
        # No horizon and no ground ends in one row, or in the next, from one side to the other with one step at most: a
        # decoder goes from left to right, some rows at a time, and stops.
        low, high = (
            np.percentile(run, share, axis=1, method="nearest")[:, None]
            for share in (STRAY_PERCENTILE, 100 - STRAY_PERCENTILE)
        )
        stepped = np.where(np.arange(run.shape[1]) < (run <= low + 1).sum(axis=1, keepdims=True), low, high)
        at_once = (np.abs(run - stepped) <= 1).mean(axis=1) > EDGE_WIDTH_SHARE
        cut[rows] = np.where(at_once, low[:, 0] / height, 0)
    return constant, cut


def _far(images: Rows, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int) -> np.ndarray:
    """How far an image is from its class, (N,), in deviations from the median there."""
    faiss.omp_set_num_threads(threads)
    found = np.zeros(len(images))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        parts = np.split(rows, range(BATCH_SIZE, len(rows), BATCH_SIZE))
        own = np.concatenate([hog_and_color_features(images[part], image_shape) for part in parts])
        release_pages(images)
        squares, _ = faiss.knn(own, own, min(NEIGHBOR_RANK + 1, len(rows)))
        distance = np.sqrt(np.maximum(squares[:, -1], 0)).astype(float)
        middle = np.median(distance)
        spread = 1.4826 * np.median(np.abs(distance - middle))
        found[rows] = (distance - middle) / spread if spread else 0
    return found


def hog_and_color_features(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Outlines and coarse colours, of about the same weight: (n, D) float32, for images (n, C*H*W) uint8."""
    lines = hog(downscale_gray(images, image_shape))
    lines /= np.maximum(np.linalg.norm(lines, axis=1, keepdims=True), 1e-6)
    rows = np.array_split(to_nchw(images, image_shape), min(COLOR_GRID, image_shape[1]), axis=2)
    cells = [
        cell.mean(axis=(2, 3))
        for row in rows
        for cell in np.array_split(row, min(COLOR_GRID, image_shape[2]), axis=3)
    ]
    colours = np.stack(cells, axis=2).reshape(len(images), -1)
    colours = colours / 255 / np.sqrt(colours.shape[1])
    return np.concatenate([lines, colours], axis=1, dtype=np.float32)


def class_counts_and_means(images: Rows, labels: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """How many images each class has, (n_classes,), and its mean image (n_classes, D) uint8."""
    count = np.bincount(labels, minlength=n_classes)
    sums = np.zeros((n_classes, images.shape[1]))
    for rows, block in iter_blocks(images):
        np.add.at(sums, labels[rows], block.astype(np.float64))
    return count, np.rint(sums / np.maximum(count, 1)[:, None]).astype(np.uint8)
