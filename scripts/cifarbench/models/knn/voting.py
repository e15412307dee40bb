"""Count the votes of neighbours."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cifarbench.io.memmap import MEGABYTE

# Size of the votes that are counted at once.
VOTES_MB = 8
# Cosine distance below which two vectors are parallel: their float32 values round to at most this.
PARALLEL_DISTANCE = 1e-12


def to_distances(squares: np.ndarray, metric: str) -> np.ndarray:
    """Return the distances (M, K) float64 by `metric` of vectors with these squared Euclidean distances."""
    squares = np.maximum(squares.astype(np.float64), 0)
    if metric == "cosine":
        return np.where(squares / 2 < PARALLEL_DISTANCE, 0, squares / 2)
    return np.sqrt(squares)


def neighbor_weights(squares: np.ndarray, params: dict[str, Any]) -> np.ndarray | None:
    """Return the weight of each neighbour's vote, (M, K) float64; None for uniform weights.

    squares: squared distances between vectors, (M, K). params: `metric`, `weights`. The weight is the inverse of the
    distance. If a neighbour is at distance 0, only such neighbours vote (as in scikit-learn).
    """
    if params["weights"] == "uniform":
        return None
    distances = to_distances(squares, params["metric"])
    is_zero = distances == 0
    with np.errstate(divide="ignore"):
        return np.where(is_zero.any(axis=1, keepdims=True), is_zero, 1 / distances)


def balanced_weights(
    weights: np.ndarray | None, neighbor_labels: np.ndarray, labels: np.ndarray, params: dict[str, Any]
) -> np.ndarray | None:
    """Return votes weighted by the inverse frequency of their class, if `class_weight` is `balanced`.

    weights: (M, K), or None for uniform weights. neighbor_labels: (M, K) int. labels: (N,) int, of all training images.
    """
    if not params.get("class_weight"):
        return weights
    counts = np.bincount(labels)
    of_class = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return of_class[neighbor_labels] * (1 if weights is None else weights)


def predict_proba(
    neighbor_labels: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the share of the votes for each class: (M, n_classes) float32, rows sum to 1.

    neighbor_labels: (M, K) int. weights: (M, K), or None. scikit-learn's `KNeighborsClassifier` predicts the class with
    the largest share, the lowest of equals.
    """
    shares = np.empty((len(neighbor_labels), n_classes), np.float32)
    for block, block_weights in _blocks(neighbor_labels, n_classes, weights):
        shares[block] = _shares(neighbor_labels[block], n_classes, block_weights)
    return shares


def _shares(neighbor_labels: np.ndarray, n_classes: int, weights: np.ndarray | None) -> np.ndarray:
    if weights is None:
        bins = neighbor_labels + np.arange(len(neighbor_labels))[:, None] * n_classes
        counts = np.bincount(bins.ravel(), minlength=len(bins) * n_classes).reshape(len(bins), n_classes)
        return counts.astype(np.float32) / np.float32(neighbor_labels.shape[1])
    votes = np.zeros((len(neighbor_labels), n_classes))
    for labels, weight in zip(neighbor_labels.T, weights.T, strict=True):
        votes[np.arange(len(votes)), labels] += weight
    return (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)


def correct_counts_per_k(
    neighbor_labels: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the number of correct predictions of `labels` (M,) by 1, 2, … K neighbours: (K,) int64.

    neighbor_labels: (M, K), nearest first.
    """
    n_classes = int(max(neighbor_labels.max(), labels.max())) + 1
    correct = np.zeros(neighbor_labels.shape[1], np.int64)
    for block, block_weights in _blocks(neighbor_labels, n_classes, weights):
        truth = labels[block]
        votes = np.zeros((len(truth), n_classes), np.int32 if block_weights is None else np.float64)
        for k, classes in enumerate(neighbor_labels[block].T):
            votes[np.arange(len(truth)), classes] += 1 if block_weights is None else block_weights[:, k]
            correct[k] += np.count_nonzero(votes.argmax(axis=1) == truth)
    return correct


def _blocks(
    neighbor_labels: np.ndarray, n_classes: int, weights: np.ndarray | None
) -> Iterator[tuple[slice, np.ndarray | None]]:
    """Yield slices of rows whose votes are counted together, and their weights."""
    values = max(n_classes, neighbor_labels.shape[1])
    size = max(int(VOTES_MB * MEGABYTE / (values * np.dtype(np.float64).itemsize)), 1)
    for start in range(0, len(neighbor_labels), size):
        block = slice(start, start + size)
        yield block, None if weights is None else weights[block]
