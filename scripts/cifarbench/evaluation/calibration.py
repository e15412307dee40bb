"""Calibration: expected calibration error, reliability diagram, and temperature scaling (Guo et al. 2017, ICML)."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binned_statistic

from cifarbench.evaluation.statistics import wilson_interval

N_BINS = 10
BIN_EDGES = np.round(np.linspace(0, 1, N_BINS + 1), 6)
# Metrics that need probabilities.
CALIBRATION = ("mean_confidence", "reliability")
# Probabilities are clipped to this minimum, since the vote shares of kNN can be 0.
MIN_PROBA = 1e-4
# Bounds of the search for the temperature, in the logarithm.
LOG_T_BOUNDS = (-3, 3)


def confidence_bins(proba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each image's confidence, and the confidence: (N,) int and (N,) float64.

    proba: (N, n_classes). The confidence is the probability of the predicted class.
    """
    # A vote share of 3/5 in float32 is above 0.6; rounding puts such shares on the edge.
    confidence = np.round(proba.max(axis=1).astype(np.float64), 6).clip(0, 1)
    return np.searchsorted(BIN_EDGES[1:-1], confidence, side="right"), confidence


def reliability_curve(correct: np.ndarray, proba: np.ndarray) -> dict[str, Any]:
    """Return the expected calibration error `ece` and the reliability diagram, in bins of equal width.

    correct: (N,) bool. proba: (N, n_classes), rows sum to 1. The confidence is the probability of the predicted class.
    The error is the mean over images of the difference between their bin's mean confidence and accuracy. A bin includes
    its lower edge; an empty bin has null entries.
    """
    _, confidence = confidence_bins(proba)
    edges = BIN_EDGES
    count = binned_statistic(confidence, None, "count", bins=edges).statistic
    values = [correct.astype(float), confidence]
    accuracy, mean_confidence = binned_statistic(confidence, values, "mean", bins=edges).statistic
    filled = count > 0
    gap = np.abs(accuracy - mean_confidence)[filled]
    return {
        "ece": float(np.average(gap, weights=count[filled])),
        "mean_confidence": float(confidence.mean()),
        "reliability": {
            "bin_edges": edges.tolist(),
            "count": count.astype(int).tolist(),
            "confidence": [float(c) if n else None for c, n in zip(mean_confidence, count, strict=True)],
            "accuracy": [float(a) if n else None for a, n in zip(accuracy, count, strict=True)],
            "accuracy_ci95": [
                wilson_interval(round(a * n), int(n)) if n else None
                for a, n in zip(accuracy, count, strict=True)
            ],
        },
    }


def fit_temperature(proba: np.ndarray, y_true: np.ndarray) -> float:
    """Return the temperature of minimum log-loss on held-out images.

    proba: (N, n_classes), rows sum to 1. y_true: (N,) int. A temperature above 1 lowers the confidence.
    """
    rows = np.arange(len(y_true))

    def log_loss(log_temperature: float) -> float:
        return float(-np.log(apply_temperature(proba, np.exp(log_temperature))[rows, y_true]).mean())

    return float(np.exp(minimize_scalar(log_loss, bounds=LOG_T_BOUNDS, method="bounded").x))


def apply_temperature(proba: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (N, n_classes) float64 at a temperature; the predicted classes do not change."""
    return softmax(np.log(np.maximum(proba.astype(np.float64), MIN_PROBA)) / temperature, axis=1)
