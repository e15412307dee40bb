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
    for block, k, votes in _count_votes(neighbor_labels, n_classes, weights):
        if k == neighbor_labels.shape[1]:
            shares[block] = votes / votes.sum(axis=1, keepdims=True)
    return shares


def correct_counts_per_k(
    neighbor_labels: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the number of correct predictions of `labels` (M,) by 1, 2, … K neighbours: (K,) int64.

    neighbor_labels: (M, K), nearest first.
    """
    n_classes = int(max(neighbor_labels.max(), labels.max())) + 1
    correct = np.zeros(neighbor_labels.shape[1], np.int64)
    for block, k, votes in _count_votes(neighbor_labels, n_classes, weights):
        correct[k - 1] += np.count_nonzero(votes.argmax(axis=1) == labels[block])
    return correct


def _count_votes(
    neighbor_labels: np.ndarray, n_classes: int, weights: np.ndarray | None
) -> Iterator[tuple[slice, int, np.ndarray]]:
    """Yield, for each block of rows, the votes (n, n_classes) of the nearest k neighbours, k = 1 to K."""
    values = max(n_classes, neighbor_labels.shape[1])
    size = max(int(VOTES_MB * MEGABYTE / (values * np.dtype(np.float64).itemsize)), 1)
    for start in range(0, len(neighbor_labels), size):
        block = slice(start, start + size)
        labels = neighbor_labels[block]
        votes = np.zeros((len(labels), n_classes))
        for k, classes in enumerate(labels.T):
            votes[np.arange(len(labels)), classes] += 1 if weights is None else weights[block, k]
            yield block, k + 1, votes
