"""A power law with an offset, error(n) = a n^-b + c: fitted, validated, and extrapolated to twice as many images.

It fits best on most of 130 datasets (Viering and Loog 2021, Entropy 23:1123), but 14 to 15% of all learning curves are
ill-behaved (LCDB 1.1, arXiv 2505.15657): so it is validated by its prediction of the largest size.
"""

from typing import Any

import numpy as np

from cifarbench.evaluation.statistics import CONFIDENCE

# One more than the three parameters, which would fit exactly.
MIN_SIZES = 4
# Candidates of the exponent b; the fit hardly changes in between.
EXPONENTS = np.geomspace(0.02, 4, 160)
# In accuracy: a prediction of the largest size may be off by this, or by the sampling of the test images.
TOLERANCE = 0.01
# In accuracy: a prediction with a wider interval is not used.
MAX_CI_WIDTH = 0.1


def assess_power_law(
    sizes: list[int], measured: np.ndarray, resampled: np.ndarray, n_test: int
) -> dict[str, Any]:
    """Validate and extrapolate a model's power law; return its predictions, ready for JSON.

    sizes: ascending. measured: (S,), accuracies. resampled: (B, S), the same on resampled test images.

    `usable`: whether the law is reliable; `reason`: why not: `few sizes`, `missed` or `vague`. `predicted`: the
    accuracy at the largest size, predicted by a fit without it, with a 95% `interval` over test images; `observed`: the
    measured one. `at_2x`: the prediction for twice as many images; `gain_2x`: its difference from `observed`.
    """
    if len(sizes) <= MIN_SIZES:
        return {"usable": False, "reason": "few sizes"}
    everything = np.concatenate([measured[None], resampled])
    weights = n_test / np.maximum(measured * (1 - measured), 1 / n_test)
    predicted = predict_accuracy(sizes[-1], fit_power_law(sizes[:-1], everything[:, :-1], weights[:-1]))
    miss = predicted - everything[:, -1]
    twice = predict_accuracy(2 * sizes[-1], fit_power_law(sizes, everything, weights))
    low, high = _with_interval(miss)["interval"]
    is_accurate = abs(miss[0]) <= TOLERANCE or low <= 0 <= high
    at_1x, at_2x = _with_interval(predicted), _with_interval(twice)
    is_vague = max(np.ptp(at_1x["interval"]), np.ptp(at_2x["interval"])) > MAX_CI_WIDTH
    return {
        "usable": bool(is_accurate and not is_vague),
        "reason": "missed" if not is_accurate else "vague" if is_vague else None,
        "predicted": {"size": sizes[-1], **at_1x},
        "observed": float(measured[-1]),
        "at_2x": {"size": 2 * sizes[-1], **at_2x},
        "gain_2x": _with_interval(twice - everything[:, -1]),
    }


def _with_interval(values: np.ndarray) -> dict[str, Any]:
    """Return the first value, and the 2.5th and 97.5th percentile of the others, which are of resampled images."""
    low, high = np.quantile(values[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {"accuracy": float(values[0]), "interval": (float(low), float(high))}


def fit_power_law(sizes: list[int], accuracies: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fit many curves at once by weighted least squares; return a, b and c of each, (B, 3), all at least 0.

    sizes: (S,). accuracies: (B, S). weights: (S,). Given b, the law is a line in n^-b, whose best a and c have a closed
    form; b is searched on a fine grid, which avoids local minima.
    """
    errors = 1 - accuracies
    # With the smallest size as the unit, no power is tiny.
    units = np.asarray(sizes) / sizes[0]
    weights = weights / weights.sum()
    best = np.full(len(errors), np.inf)
    laws = np.zeros((len(errors), 3))
    mean = errors @ weights
    for b in EXPONENTS:
        x = units**-b
        centre = x @ weights
        a = np.maximum((errors - mean[:, None]) @ (weights * (x - centre)) / (weights @ (x - centre) ** 2), 0)
        c = mean - a * centre
        # A negative offset is set to 0, and the slope is fitted again.
        a = np.where(c < 0, errors @ (weights * x) / (weights @ x**2), a)
        c = np.maximum(c, 0)
        loss = (errors - a[:, None] * x - c[:, None]) ** 2 @ weights
        better = loss < best
        best[better] = loss[better]
        laws[better] = np.stack([a * sizes[0] ** b, np.full(len(a), b), c], axis=1)[better]
    return laws


def predict_accuracy(size: int, laws: np.ndarray) -> np.ndarray:
    """Return the accuracies (B,) that laws (B, 3) predict for a number of training images."""
    a, b, c = laws.T
    return 1 - (a * size**-b + c)
