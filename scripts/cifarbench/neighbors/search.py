"""k nearest neighbours by exact search, and their votes."""

import faiss
import numpy as np


def nearest(points: np.ndarray, queries: np.ndarray, n_neighbors: int, threads: int) -> np.ndarray:
    """Search `points` (N, D) for those nearest to each of `queries` (M, D) by Euclidean distance.

    Both float32 and C-contiguous. Returns their indices (M, n_neighbors) int64, nearest first.
    """
    faiss.omp_set_num_threads(threads)
    _, neighbors = faiss.knn(queries, points, n_neighbors)
    return neighbors


def vote_shares(neighbor_labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Share of the neighbours in each class: (M, n_classes) float32, rows sum to 1.

    neighbor_labels: (M, K) int. The class with the largest share, the lowest of equals, is what scikit-learn's
    `KNeighborsClassifier` predicts.
    """
    return (neighbor_labels[:, :, None] == np.arange(n_classes)).mean(axis=1, dtype=np.float32)


def correct_by_neighbors(neighbor_labels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many images get their `labels` (M,) right by a vote of 1, 2, … K neighbours.

    One search for the largest number holds all smaller ones: the k nearest are the first k of
    `neighbor_labels` (M, K), nearest first. Returns (K,) int64.
    """
    rows = np.arange(len(labels))
    votes = np.zeros((len(labels), max(neighbor_labels.max(), labels.max()) + 1), np.int32)
    correct = np.empty(neighbor_labels.shape[1], np.int64)
    for k, classes in enumerate(neighbor_labels.T):
        votes[rows, classes] += 1
        correct[k] = np.count_nonzero(votes.argmax(axis=1) == labels)
    return correct
