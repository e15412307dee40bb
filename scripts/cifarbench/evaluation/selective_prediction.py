"""What a model is worth if it may keep silent: the surest predictions alone, fewer and fewer of them."""

from typing import Any

import numpy as np

# Shares of the images that are answered, for the table, and steps of the curve.
COVERAGES = (0.5, 0.8, 0.9)
STEPS = 50


def risk_coverage(correct: np.ndarray, proba: np.ndarray) -> dict[str, Any]:
    """Return risk against coverage (Geifman and El-Yaniv 2017, NeurIPS), ready for JSON.

    correct: (N,) bool. proba: (N, n_classes), rows sum to 1. The least sure predictions are held back first, by the
    probability of the predicted class; of equally sure ones, as many as are needed at random, so that their order in
    the file does not count. The risk is the share of wrong predictions among those that are given. `aurc` is its mean
    over all numbers of given predictions: 0 at best, and the error rate where confidence says nothing. `accuracy_at`:
    1 less the risk, by coverage.
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
    """Return the expected correctness of each prediction, the most confident first; equals share their mean."""
    # 3 of 5 neighbours are as sure in whatever order their shares were added up.
    levels, level_idx = np.unique(-np.round(confidence.astype(np.float64), 6), return_inverse=True)
    count = np.bincount(level_idx, minlength=len(levels))
    right = np.bincount(level_idx, weights=correct, minlength=len(levels))
    return np.repeat(right / count, count)
