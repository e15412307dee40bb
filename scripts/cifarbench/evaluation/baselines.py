"""Baselines that see no image: the most frequent class, and classes drawn by their frequency."""

from typing import Any

import numpy as np

from cifarbench.evaluation.ranking_metric import LOSSES, score

# Draws of the random baseline, whose scores are averaged.
N_DRAWS = 100


def baseline_scores(
    train_labels: np.ndarray, y_true: np.ndarray, n_classes: int, metric: str, seed: int
) -> dict[str, Any]:
    """Return accuracy, balanced accuracy and the metric of both baselines on the test images, ready for JSON.

    train_labels: (N,) int, whose class frequencies both use, and give as probabilities. y_true: (M,) int. seed: of the
    random baseline. A metric that is undefined for the test images is None.
    """
    shares = np.bincount(train_labels, minlength=n_classes) / len(train_labels)
    proba = np.tile(shares, (len(y_true), 1))
    majority = np.full(len(y_true), shares.argmax())
    random = np.random.default_rng(seed)
    draws = [random.choice(n_classes, size=len(y_true), p=shares) for _ in range(N_DRAWS)]
    names = dict.fromkeys(["accuracy", "balanced_accuracy", metric])
    return {
        "majority": {"class": int(shares.argmax())}
        | {name: _mean_score(name, y_true, [majority], proba) for name in names},
        "stratified": {name: _mean_score(name, y_true, draws, proba) for name in names},
    }


def _mean_score(name: str, y_true: np.ndarray, predictions: list[np.ndarray], proba: np.ndarray) -> float:
    mean = float(np.mean([score(name, y_true, y_pred, proba) for y_pred in predictions]))
    return -mean if name in LOSSES else mean
