"""k nearest neighbours by exact search."""

import importlib.util
import logging

import numpy as np

if importlib.util.find_spec("sklearnex"):
    # The same class, several times faster; its wheels are for x86-64 alone.
    from sklearnex.neighbors import KNeighborsClassifier

    # It reports every call.
    logging.getLogger("sklearnex").setLevel(logging.WARNING)
else:
    from sklearn.neighbors import KNeighborsClassifier


def fit(features: np.ndarray, labels: np.ndarray, n_neighbors: int, threads: int) -> KNeighborsClassifier:
    """Keep `features` (N, D) float32 and `labels` (N,) int for a brute-force search by Euclidean distance."""
    classifier = KNeighborsClassifier(n_neighbors, algorithm="brute", n_jobs=threads)
    return classifier.fit(features, labels)


def predict_proba(classifier: KNeighborsClassifier, features: np.ndarray, n_classes: int) -> np.ndarray:
    """Share of the neighbours in each class: (N, n_classes) float32, rows sum to 1.

    A class without a training image has share 0. The class with the largest share, the lowest of equals, is
    what `KNeighborsClassifier.predict` says.
    """
    proba = np.zeros((len(features), n_classes), np.float32)
    proba[:, classifier.classes_] = classifier.predict_proba(features)
    return proba


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
