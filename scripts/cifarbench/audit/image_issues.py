"""Find odd images: images of one colour, truncated images, and outliers of their class."""

from dataclasses import dataclass

import numpy as np

from cifarbench.audit.descriptors import Rows, downscale_gray, hog_features, iter_blocks, resize
from cifarbench.features.fit_inputs import to_nchw
from cifarbench.io.memmap import release_pages
from cifarbench.runtime.faiss_setup import faiss

COLUMNS = ("split", "index", "issue", "score", "detail")
# The largest difference within an image of one colour, of 255.
UNIFORM_RANGE = 3
# The smallest share of the height that is of one colour in a truncated image.
MIN_TRUNCATED_SHARE = 0.25
# The share of the width in which the edge must show, and the percentage of columns that may deviate by chance.
EDGE_WIDTH_SHARE, STRAY_PERCENTILE = 0.9, 5
# Robust standard deviations from the median beyond which an image is an outlier of its class.
OUTLIER_MADS = 5.0
# The neighbour that the distance is measured to: copies of an image are closer.
NEIGHBOR_RANK = 5
# Height and width of the coarse colours.
COLOR_GRID = 4
# Images that are described at once.
BATCH_SIZE = 256


@dataclass(frozen=True)
class ImageIssue:
    """The index of an odd image, the issue, and its score."""

    index: int
    issue: str
    score: float


def find_image_issues(
    images: Rows, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int
) -> list[ImageIssue]:
    """Return the odd images among (N, C*H*W) uint8 with labels (N,), sorted by issue and score.

    low_information: of one colour; the score is 1. truncated: at least a quarter at the bottom is of one colour, with a
    horizontal edge of at most one step; the score is that share. outlier: far from its neighbours in its class; the
    score is in robust standard deviations from the median of its class.
    """
    constant, truncated = _flat_areas(images, image_shape)
    deviation = _deviation_from_class(images, labels, image_shape, threads)
    scores = {
        "low_information": constant.astype(float),
        "truncated": np.where((truncated >= MIN_TRUNCATED_SHARE) & ~constant, truncated, 0),
        "outlier": np.where((deviation > OUTLIER_MADS) & ~constant, deviation, 0),
    }
    return [
        ImageIssue(int(index), issue, float(score[index]))
        for issue, score in scores.items()
        for index in np.argsort(-score, kind="stable")[: np.count_nonzero(score)]
    ]


def is_uniform(images: Rows, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return which images (N, C*H*W) uint8 are of one colour: (N,) bool."""
    return _flat_areas(images, image_shape)[0]


def _flat_areas(images: Rows, image_shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are of one colour, and the share of the height that is missing: (N,) each."""
    constant, truncated = np.empty(len(images), bool), np.zeros(len(images))
    height = image_shape[1]
    for rows, pixels in iter_blocks(images):
        block = to_nchw(pixels, image_shape)
        constant[rows] = np.ptp(block, axis=(2, 3)).max(axis=1) <= UNIFORM_RANGE
        # The length of the run of the last pixel's colour in each column, from the bottom: (n, W).
        same = (block == block[:, :, -1:, -1:]).all(axis=1)[:, ::-1]
        run = np.where(same.all(axis=1), height, same.argmin(axis=1))
        # A decoder proceeds from left to right, some rows at a time, so the edge of a truncated image has at most one
        # step; no horizon is so straight.
        percentiles = (STRAY_PERCENTILE, 100 - STRAY_PERCENTILE)
        low, high = np.percentile(run, percentiles, axis=1, method="nearest")[..., None]
        stepped = np.where(np.arange(run.shape[1]) < (run <= low + 1).sum(axis=1, keepdims=True), low, high)
        is_cut = (np.abs(run - stepped) <= 1).mean(axis=1) > EDGE_WIDTH_SHARE
        truncated[rows] = np.where(is_cut, low[:, 0] / height, 0)
    return constant, truncated


def _deviation_from_class(
    images: Rows, labels: np.ndarray, image_shape: tuple[int, int, int], threads: int
) -> np.ndarray:
    """Return the distance of images to their neighbours in their class, (N,), in deviations from the median there."""
    faiss.omp_set_num_threads(threads)
    deviation = np.zeros(len(images))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        batches = np.split(rows, range(BATCH_SIZE, len(rows), BATCH_SIZE))
        features = np.concatenate([_hog_and_colors(images[batch], image_shape) for batch in batches])
        release_pages(images)
        squares, _ = faiss.knn(features, features, min(NEIGHBOR_RANK + 1, len(rows)))
        distance = np.sqrt(np.maximum(squares[:, -1], 0)).astype(float)
        median = np.median(distance)
        spread = 1.4826 * np.median(np.abs(distance - median))
        deviation[rows] = (distance - median) / spread if spread else 0
    return deviation


def _hog_and_colors(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return HOG and coarse colours, of about the same weight, of images (n, C*H*W) uint8: (n, D) float32."""
    gradients = hog_features(downscale_gray(images, image_shape))
    gradients /= np.maximum(np.linalg.norm(gradients, axis=1, keepdims=True), 1e-6)
    colors = resize(images, image_shape, (COLOR_GRID, COLOR_GRID)).reshape(len(images), -1)
    return np.hstack([gradients, colors / 255 / np.sqrt(colors.shape[1])], dtype=np.float32)


def class_counts_and_means(images: Rows, labels: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of images of each class, (n_classes,), and its mean image (n_classes, D) uint8."""
    count = np.bincount(labels, minlength=n_classes)
    sums = np.zeros((n_classes, images.shape[1]))
    for rows, block in iter_blocks(images):
        np.add.at(sums, labels[rows], block.astype(np.float64))
    return count, np.rint(sums / np.maximum(count, 1)[:, None]).astype(np.uint8)
