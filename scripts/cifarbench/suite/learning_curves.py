"""Accuracy against the number of training images: from how many on one model beats another."""

from itertools import combinations
from typing import Any

import numpy as np

from cifarbench.evaluation.statistics import CONFIDENCE, wilson_interval
from cifarbench.suite import power_law

N_RESAMPLES = 1000
# Resamples are drawn in batches of about this many images, to keep memory small.
BATCH_IMAGES = 5_000_000


def analyze_learning_curves(correct: dict[str, np.ndarray], sizes: list[int], seed: int) -> dict[str, Any]:
    """What the curves of a dataset's models say, ready for JSON.

    correct: model -> (S, N) bool, which of N test images it gets right when it is fitted to each of S sizes. sizes:
    numbers of training images, ascending, the last one all of them. seed: of the bootstrap over test images, which
    takes the same images for all models and sizes. Without any model, there is nothing to say.
    """
    models = list(correct)
    if not models:
        return {"sizes": sizes, "models": {}, "crossovers": [], "leads": []}
    resampled = dict(
        zip(models, bootstrap_accuracies([correct[model] for model in models], seed), strict=True)
    )
    measured = {model: right.mean(axis=1) for model, right in correct.items()}
    return {
        "sizes": sizes,
        "models": {
            model: {
                "points": [
                    {
                        "size": size,
                        "accuracy": float(row.mean()),
                        "interval": wilson_interval(int(row.sum()), len(row)),
                    }
                    for size, row in zip(sizes, right, strict=True)
                ],
                "law": power_law.assess_power_law(sizes, measured[model], resampled[model], right.shape[1]),
            }
            for model, right in correct.items()
        },
        **_orders(models, sizes, measured, resampled),
    }


def _orders(
    models: list[str], sizes: list[int], measured: dict[str, np.ndarray], resampled: dict[str, np.ndarray]
) -> dict[str, list[dict[str, Any]]]:
    """Of every two models: `crossovers`, or `leads` of one that is nowhere behind; none if they end equal."""
    found: dict[str, list[dict[str, Any]]] = {"crossovers": [], "leads": []}
    for a, b in combinations(models, 2):
        first, second = sorted((a, b), key=lambda model: -measured[model][-1])
        difference = measured[first] - measured[second]
        if difference[-1] == 0:
            continue
        if (difference < 0).any():
            found["crossovers"].append(crossover(first, second, sizes, measured, resampled))
        else:
            found["leads"].append(dominance(first, second, resampled))
    return found


def bootstrap_accuracies(correct: list[np.ndarray], seed: int) -> np.ndarray:
    """Accuracies on test images drawn with replacement, the same ones for all: (M, RESAMPLES, S).

    correct: M arrays (S, N) bool.
    """
    stacked = np.array(correct, np.float32)
    n_images = stacked.shape[2]
    flat = stacked.reshape(-1, n_images)
    random = np.random.default_rng(seed)
    found = []
    step = max(1, BATCH_IMAGES // n_images)
    for first in range(0, N_RESAMPLES, step):
        drawn = random.integers(0, n_images, (min(step, N_RESAMPLES - first), n_images))
        counts = np.array([np.bincount(row, minlength=n_images) for row in drawn], np.float32)
        found.append(counts @ flat.T / n_images)
    return np.concatenate(found).T.reshape(*stacked.shape[:2], N_RESAMPLES).swapaxes(1, 2).astype(float)


def dominance(first: str, second: str, resampled: dict[str, np.ndarray]) -> dict[str, Any]:
    """That a model is nowhere behind another one; `sure`, whether that is so on 95% of all resampled test images."""
    ahead = (resampled[first] > resampled[second]).all(axis=1)
    return {"better": first, "worse": second, "sure": bool(ahead.mean() >= CONFIDENCE)}


def crossover(
    first: str,
    second: str,
    sizes: list[int],
    measured: dict[str, np.ndarray],
    resampled: dict[str, np.ndarray],
) -> dict[str, Any]:
    """From which size on the model that is better at the largest size beats one that is ahead of it somewhere before.

    `from`: a size between two that were measured, by a line over the logarithm of the size. `low` and `high` are its
    95% interval over test images, null where that ends below the smallest size, or beyond the largest.
    """
    at = crossover_size(sizes, (measured[first] - measured[second])[None])[0]
    found = crossover_size(sizes, resampled[first] - resampled[second])
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    # Not between two of them: one may be infinite.
    low, high = np.quantile(found, tails, method="inverted_cdf")
    return {
        "winner_large": first,
        "winner_small": second,
        "from": float(at),
        "low": float(low) if np.isfinite(low) else None,
        "high": float(high) if np.isfinite(high) else None,
    }


def crossover_size(sizes: list[int], difference: np.ndarray) -> np.ndarray:
    """The size from which on differences stay above zero, (B,): -inf if all are, inf if the last one is not.

    difference: (B, S), in the order of the sizes.
    """
    logs = np.log(sizes)
    behind = difference <= 0
    # The last size at which it is not ahead.
    last = len(sizes) - 1 - behind[:, ::-1].argmax(axis=1)
    rows = np.arange(len(difference))
    after = np.minimum(last + 1, len(sizes) - 1)
    low, high = difference[rows, last], difference[rows, after]
    share = np.divide(-low, high - low, out=np.zeros(len(rows)), where=high > low)
    found = np.exp(logs[last] + share * (logs[after] - logs[last]))
    found = np.where(last == len(sizes) - 1, np.inf, found)
    return np.where(behind.any(axis=1), found, -np.inf)
