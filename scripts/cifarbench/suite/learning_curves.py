"""Learning curves: accuracy against the number of training images, and the sizes at which models change order."""

from itertools import combinations
from typing import Any

import numpy as np

from cifarbench.evaluation.statistics import CONFIDENCE, wilson_interval
from cifarbench.suite import power_law

N_RESAMPLES = 1000
# Images: resamples are drawn in batches of about this many, to bound memory.
BATCH_IMAGES = 5_000_000


def analyze_learning_curves(correct: dict[str, np.ndarray], sizes: list[int], seed: int) -> dict[str, Any]:
    """Return the learning curves of a dataset's models, their power laws and their crossovers, ready for JSON.

    correct: model -> (S, N) bool, whether it classifies N test images correctly when fitted to each of S sizes. sizes:
    numbers of training images, ascending; the last is all of them. seed: of the bootstrap over test images, which
    draws the same images for all models and sizes.
    """
    models = list(correct)
    if not models:
        return {"sizes": sizes, "models": {}, "crossovers": [], "dominances": []}
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
                "power_law": power_law.assess_power_law(
                    sizes, measured[model], resampled[model], right.shape[1]
                ),
            }
            for model, right in correct.items()
        },
        **_orders(models, sizes, measured, resampled),
    }


def _orders(
    models: list[str], sizes: list[int], measured: dict[str, np.ndarray], resampled: dict[str, np.ndarray]
) -> dict[str, list[dict[str, Any]]]:
    """Return the crossover or the dominance of each two models; neither if they are equal at the largest size."""
    orders: dict[str, list[dict[str, Any]]] = {"crossovers": [], "dominances": []}
    for a, b in combinations(models, 2):
        first, second = sorted((a, b), key=lambda model: -measured[model][-1])
        difference = measured[first] - measured[second]
        if difference[-1] == 0:
            continue
        if (difference < 0).any():
            orders["crossovers"].append(crossover(first, second, sizes, measured, resampled))
        else:
            orders["dominances"].append(dominance(first, second, resampled))
    return orders


def bootstrap_accuracies(correct: list[np.ndarray], seed: int) -> np.ndarray:
    """Return accuracies (M, N_RESAMPLES, S) on resampled test images, the same ones for all models.

    correct: M arrays (S, N) bool.
    """
    stacked = np.array(correct, np.float32)
    n_images = stacked.shape[2]
    flat = stacked.reshape(-1, n_images)
    random = np.random.default_rng(seed)
    batches = []
    step = max(1, BATCH_IMAGES // n_images)
    for first in range(0, N_RESAMPLES, step):
        drawn = random.integers(0, n_images, (min(step, N_RESAMPLES - first), n_images))
        counts = np.array([np.bincount(row, minlength=n_images) for row in drawn], np.float32)
        batches.append(counts @ flat.T / n_images)
    return np.concatenate(batches).T.reshape(*stacked.shape[:2], N_RESAMPLES).swapaxes(1, 2).astype(float)


def dominance(first: str, second: str, resampled: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the dominance of the first model, which is never behind the second.

    It is `significant` if the model is ahead at all sizes in 95% of the resamples.
    """
    ahead = (resampled[first] > resampled[second]).all(axis=1)
    return {"better": first, "worse": second, "significant": bool(ahead.mean() >= CONFIDENCE)}


def crossover(
    first: str,
    second: str,
    sizes: list[int],
    measured: dict[str, np.ndarray],
    resampled: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Return the size from which on the first model, better at the largest size, beats the second.

    `train_size` is interpolated linearly in the logarithm of the size. `ci_low` and `ci_high` are its 95% interval over
    test images, null if outside of the measured sizes.
    """
    size = crossover_size(sizes, (measured[first] - measured[second])[None])[0]
    resampled_sizes = crossover_size(sizes, resampled[first] - resampled[second])
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    # No interpolation between values, which may be infinite.
    low, high = np.quantile(resampled_sizes, tails, method="inverted_cdf")
    return {
        "winner_large": first,
        "winner_small": second,
        "train_size": float(size),
        "ci_low": float(low) if np.isfinite(low) else None,
        "ci_high": float(high) if np.isfinite(high) else None,
    }


def crossover_size(sizes: list[int], difference: np.ndarray) -> np.ndarray:
    """Return the size (B,) from which on differences are above zero: -inf if all are, inf if the last is not.

    difference: (B, S), in the order of the sizes.
    """
    logs = np.log(sizes)
    behind = difference <= 0
    # Index of the last size at which the model is not ahead.
    last = len(sizes) - 1 - behind[:, ::-1].argmax(axis=1)
    rows = np.arange(len(difference))
    after = np.minimum(last + 1, len(sizes) - 1)
    low, high = difference[rows, last], difference[rows, after]
    share = np.divide(-low, high - low, out=np.zeros(len(rows)), where=high > low)
    size = np.exp(logs[last] + share * (logs[after] - logs[last]))
    size = np.where(last == len(sizes) - 1, np.inf, size)
    return np.where(behind.any(axis=1), size, -np.inf)
