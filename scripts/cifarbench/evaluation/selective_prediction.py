"""Selective prediction: the risk of the most confident predictions, by coverage."""

from typing import Any

import numpy as np

# Coverages of the table, and points of the curve.
COVERAGES = (0.5, 0.8, 0.9)
STEPS = 50


def risk_coverage(correct: np.ndarray, proba: np.ndarray) -> dict[str, Any]:
    """Return risk against coverage (Geifman and El-Yaniv 2017, NeurIPS), ready for JSON.

    correct: (N,) bool. proba: (N, n_classes), rows sum to 1. Predictions are accepted in the order of confidence, the
    probability of the predicted class; equally confident ones count with their expected correctness. The risk is the
    error rate of the accepted predictions. `aurc`, the area under the risk-coverage curve, is its mean over all numbers
    of accepted predictions: 0 at best, the error rate for random confidence.
    """
    risk = 1 - np.cumsum(_expected(correct, proba.max(axis=1))) / np.arange(1, len(correct) + 1)
    counts = np.unique(np.ceil(np.linspace(1 / STEPS, 1, STEPS) * len(risk)).astype(int))
    return {
        "aurc": float(risk.mean()),
        "accuracy_at_coverage": {
            str(share): float(1 - risk[max(1, round(share * len(risk))) - 1]) for share in COVERAGES
        },
        "curve": {"coverage": (counts / len(risk)).tolist(), "risk": risk[counts - 1].tolist()},
    }


def _expected(correct: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return the expected correctness of each prediction, the most confident first; ties share their mean."""
    # Rounding, since equal vote shares may differ by the order of their sum.
    levels, level_idx = np.unique(-np.round(confidence.astype(np.float64), 6), return_inverse=True)
    count = np.bincount(level_idx, minlength=len(levels))
    right = np.bincount(level_idx, weights=correct, minlength=len(levels))
    return np.repeat(right / count, count)
