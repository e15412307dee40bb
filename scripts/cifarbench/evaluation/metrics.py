"""Metrics of one model, computed from its predictions.

Definitions are those of scikit-learn, whose import would take longer than the computation; tests compare both.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.evaluation.calibration import CALIBRATION, reliability_curve
from cifarbench.evaluation.selective_prediction import risk_coverage
from cifarbench.evaluation.statistics import Interval, wilson_interval
from cifarbench.evaluation.weighted_metrics import (
    MIN_CLASSES_TOP5,
    metrics_with_intervals,
    percentile_interval,
)
from cifarbench.io.atomic import sha256_file

N_BEST_CLASSES = 3
# Share of the images that count in intervals of a cross-validation: without it, they are too narrow by 12%.
CV_SHARE = 0.8
N_CONFUSED_PAIRS = 5
N_EXAMPLES = 8
# Draws of the interval of macro F1, and cells of the confusion matrix: in all draws, and in those at once.
N_DRAWS = (200, 5000)
MAX_DRAWN_CELLS, BATCH_CELLS = 20_000_000, 2_000_000


def compute_metrics(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    proba: np.ndarray,
    classes: list[str],
    seed: int,
    probabilities: bool = True,
    share: float = 1,
) -> dict[str, Any]:
    """Compute all metrics of one model, ready for JSON.

    y_true, y_pred: (N,) int in 0 … n_classes-1. proba: (N, n_classes), rows sum to 1. seed: of the bootstrap.
    probabilities: whether the model gives probabilities; if not, the metrics that need them are null. share: of the
    images that count in intervals of accuracies, as of `wilson_interval`. Precision is 0
    for a class that is never predicted, recall for one that is absent from the test set; both count in the averages, as
    in scikit-learn.
    """
    correct = y_true == y_pred
    matrix = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(matrix, (y_true, y_pred), 1)
    by_class, support = _scores_by_class(matrix), matrix.sum(axis=1)
    curve = reliability_curve(correct, proba) if probabilities else {}
    return {
        "n_test": len(y_true),
        "accuracy": float(correct.mean()),
        "accuracy_ci95": wilson_interval(int(correct.sum()), len(y_true), share),
        **_top_k(2, y_true, proba, probabilities, share),
        **_top_k(5, y_true, proba, probabilities and len(classes) >= MIN_CLASSES_TOP5, share),
        **_with_intervals(y_true, y_pred, proba, seed, probabilities),
        "macro": {kind: float(values.mean()) for kind, values in by_class.items()},
        "macro_f1_ci95": macro_f1_interval(matrix, seed),
        "weighted": {kind: float(np.average(values, weights=support)) for kind, values in by_class.items()},
        "per_class": {
            name: {
                **{kind: float(values[i]) for kind, values in by_class.items()},
                "support": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        "top3": {
            kind: [classes[i] for i in np.argsort(-values, kind="stable")[:N_BEST_CLASSES]]
            for kind, values in by_class.items()
        },
        "confusion_matrix": matrix.tolist(),
        "confused_pairs": most_confused_pairs(matrix, y_true, y_pred, proba, classes),
        **{name: curve.get(name) for name in CALIBRATION},
        "selective": risk_coverage(correct, proba) if probabilities else None,
    }


def interval_share(dataset: dict[str, Any]) -> float:
    """Return the share of the images that count in intervals of accuracies. dataset: the content of dataset.json."""
    return CV_SHARE if "folds" in dataset else 1


def _scores_by_class(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return precision, recall and F1 of each class, (n_classes,) each, from the confusion matrix; 0 for 0/0."""
    correct, true, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return {
        "precision": correct / np.maximum(predicted, 1),
        "recall": correct / np.maximum(true, 1),
        "f1": 2 * correct / np.maximum(true + predicted, 1),
    }


def test_set_fingerprint(test_images: Path, y_true: np.ndarray) -> str:
    """Return a checksum of the test images and their labels; only scores with equal checksums are comparable.

    test_images: .npy file of the images. y_true: (N,) int, their labels.
    """
    labels = sha256(y_true.astype(np.int64).tobytes()).hexdigest()
    return sha256(f"{sha256_file(test_images)} {labels}".encode()).hexdigest()


def _top_k(k: int, y_true: np.ndarray, proba: np.ndarray, is_defined: bool, share: float) -> dict[str, Any]:
    """Return top-k accuracy with Wilson's interval; None if it is not defined."""
    name = f"top{k}_accuracy"
    if not is_defined:
        return {name: None, f"{name}_ci95": None}
    hits = top_k_hits(y_true, proba, k)
    return {name: float(hits.mean()), f"{name}_ci95": wilson_interval(int(hits.sum()), len(hits), share)}


def _with_intervals(
    y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray, seed: int, probabilities: bool
) -> dict[str, Any]:
    """Return the metrics of `metrics_with_intervals`; those with a dot in their name as nested mappings."""
    nested: dict[str, Any] = {}
    for name, (value, interval) in metrics_with_intervals(y_true, y_pred, proba, seed, probabilities).items():
        key, _, average = name.partition(".")
        for entry, content in ((key, value), (f"{key}_ci95", interval)):
            if average:
                nested.setdefault(entry, {})[average] = content
            else:
                nested[entry] = content
    return nested


def top_k_hits(y_true: np.ndarray, proba: np.ndarray, k: int) -> np.ndarray:
    """Return whether the true class is among the k most probable ones, (N,) bool.

    y_true: (N,) int. proba: (N, n_classes). Ties go to the first class, as in `y_pred`; scikit-learn's
    `top_k_accuracy_score` prefers the last, so that its top 2 could miss the predicted class. A class of probability 0
    is never a hit.
    """
    most_probable = np.argsort(-proba, axis=1, kind="stable")[:, :k]
    possible = np.take_along_axis(proba, y_true[:, None], axis=1)[:, 0] > 0
    return (most_probable == y_true[:, None]).any(axis=1) & possible


def macro_f1_interval(matrix: np.ndarray, seed: int) -> Interval:
    """Return a 95% interval of macro F1 from the confusion matrix (n_classes, n_classes), extended to hold the value.

    Percentiles of the Bayesian bootstrap (Rubin 1981, Ann. Statist. 9) with one image more for each true class, half of
    it correct: the plain bootstrap has no spread for a small class of which all or no images are found, and covers less
    than half of the time then. seed: of the draws.
    """
    n_classes = len(matrix)
    prior = np.where(np.eye(n_classes, dtype=bool), 0.5, 0.5 / max(n_classes - 1, 1))
    n_draws = int(np.clip(MAX_DRAWN_CELLS // n_classes**2, *N_DRAWS))
    batch = max(1, BATCH_CELLS // n_classes**2)
    random = np.random.default_rng(seed)
    values = np.concatenate(
        [
            _macro_f1(random.gamma(matrix + prior, size=(min(batch, n_draws - start), *matrix.shape)))
            for start in range(0, n_draws, batch)
        ]
    )
    value = float(_macro_f1(matrix))
    low, high = percentile_interval(values) or (value, value)
    return min(low, value), max(high, value)


def _macro_f1(matrices: np.ndarray) -> np.ndarray:
    """Return macro F1 of confusion matrices (..., n_classes, n_classes), (...)."""
    correct = np.diagonal(matrices, axis1=-2, axis2=-1)
    total = matrices.sum(axis=-1) + matrices.sum(axis=-2)
    return np.divide(2 * correct, total, out=np.zeros(total.shape), where=total > 0).mean(axis=-1)


def most_confused_pairs(
    matrix: np.ndarray, y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray, classes: list[str]
) -> list[dict[str, Any]]:
    """Return the most frequent confusions of a true with a predicted class, the most frequent first.

    `rate`: share of the true class's images. `indices`: test images, the most confident predictions first.
    """
    off_diagonal = np.where(np.eye(len(classes), dtype=bool), 0, matrix)
    pairs = []
    for cell in np.argsort(-off_diagonal, axis=None, kind="stable")[:N_CONFUSED_PAIRS]:
        true, predicted = np.unravel_index(cell, matrix.shape)
        if not off_diagonal[true, predicted]:
            break
        images = np.flatnonzero((y_true == true) & (y_pred == predicted))
        by_confidence = np.argsort(-proba[images, predicted], kind="stable")
        pairs.append(
            {
                "true_class": classes[true],
                "predicted_class": classes[predicted],
                "count": int(matrix[true, predicted]),
                "rate": float(matrix[true, predicted] / matrix[true].sum()),
                "indices": images[by_confidence][:N_EXAMPLES].tolist(),
            }
        )
    return pairs
