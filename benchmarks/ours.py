"""Each part of the study as the workflow does it, by the workflow's own library."""

import os
import tempfile
from pathlib import Path

import numpy as np

from data import Images

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def knn_raw(images: Images) -> float:
    """Fit and predict on raw pixels; the accuracy."""
    from cifarbench import knn
    from cifarbench.moments import centred

    classifier = knn.fit(centred(images.train), images.train_labels, 5, THREADS)
    return _accuracy(knn.predict_proba(classifier, centred(images.test), 10), images)


def knn_pca(images: Images, scale: bool = False) -> float:
    """Fit and predict on 128 components; the accuracy."""
    from cifarbench import knn
    from cifarbench.moments import Moments
    from cifarbench.pca import PrincipalComponents

    components = PrincipalComponents.fit(Moments.of(images.train), scale)
    classifier = knn.fit(components.transform(images.train, 128), images.train_labels, 5, THREADS)
    return _accuracy(knn.predict_proba(classifier, components.transform(images.test, 128), 10), images)


def knn_scaled_pca(images: Images) -> float:
    """The same after scaling."""
    return knn_pca(images, scale=True)


def grid(images: Images, n_components: list[int], n_neighbors: list[int]) -> float:
    """Search the grid by threefold cross-validation; the best mean score."""
    from cifarbench.folds import assign_folds
    from cifarbench.grid import cv_results, score_cell
    from cifarbench.moments import Moments
    from cifarbench.pca import PrincipalComponents

    folds = assign_folds(images.train_labels, 3)
    everything, cells = Moments.of(images.train), {}
    for fold in range(3):
        validation = folds == fold
        left_out = Moments.of(images.train, np.flatnonzero(validation))
        components = PrincipalComponents.fit(everything - left_out, True)
        for n in n_components:
            cells[n, fold] = score_cell(
                images.train, images.train_labels, validation, components, n, max(n_neighbors), THREADS
            )
    return max(cv_results(cells, n_components, n_neighbors, 3)["mean_test_score"])


def network(images: Images, epochs: int, batch_norm: bool, threads: int = THREADS) -> float:
    """Train a perceptron, with an evaluation after each epoch; the last test accuracy."""
    import torch

    from cifarbench.checkpoints import Checkpoints
    from cifarbench.networks import Perceptron, normalization
    from cifarbench.training import Split, train

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Perceptron(3072, 10, 128, batch_norm, 0.5 if batch_norm else 0.0)

    def split(rows: np.ndarray, labels: np.ndarray) -> Split:
        return Split(torch.from_numpy(rows).unflatten(1, (3, 32, 32)), torch.from_numpy(labels))

    with tempfile.TemporaryDirectory() as folder:
        history, _ = train(
            model,
            normalization(3),
            split(images.train, images.train_labels),
            split(images.test, images.test_labels),
            learning_rate=0.001,
            batch_size=128,
            epochs=epochs,
            seed=0,
            checkpoints=Checkpoints(Path(folder), {}),
            checkpoint_seconds=5,
        )
    return history[-1]["test_accuracy"]


def _accuracy(proba: np.ndarray, images: Images) -> float:
    return float((proba.argmax(axis=1) == images.test_labels).mean())
