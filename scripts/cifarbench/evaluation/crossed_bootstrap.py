"""Differences between recipes, not single trainings: a bootstrap over test images and seeds at once."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from cifarbench.evaluation.statistics import CONFIDENCE

N_RESAMPLES = 2000
# Images whose resamples are drawn at once.
BATCH = 5_000_000


class CrossedDifference(NamedTuple):
    """The difference in mean accuracy of two recipes, its standard error and its 95% interval."""

    difference: float
    standard_error: float
    low: float
    high: float


def crossed_difference(correct_a: np.ndarray, correct_b: np.ndarray, seed: int) -> CrossedDifference:
    """Return the difference of two recipes with the uncertainty of test images and of seeds.

    Images are resampled for both recipes together, the seeds of each recipe independently of them (Owen 2007, Annals of
    Applied Statistics 1). The deviation of a seed includes the interaction of seed and image, which the images' part
    has already, so it is scaled to the variance between seeds alone, by the mean squares of a two-way layout. The
    interval has the quantiles of Student's t with Satterthwaite's degrees of freedom, since there are few seeds.

    correct_a, correct_b: (n_seeds, N) bool, the runs of each recipe; a model without randomness has one. seed: of the
    bootstrap.
    """
    random = np.random.default_rng(seed)
    by_image = correct_a.mean(axis=0) - correct_b.mean(axis=0)
    deviations = _resampled_means(by_image, random) - by_image.mean()
    parts = [(by_image.var(ddof=1) / len(by_image), len(by_image) - 1)]
    for correct in (correct_a, correct_b):
        n_seeds = len(correct)
        if n_seeds == 1:
            continue
        accuracies = correct.mean(axis=1)
        spread = accuracies.var(ddof=1)
        parts.append((spread / n_seeds, n_seeds - 1))
        if spread:
            drawn = random.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), N_RESAMPLES) / n_seeds
            scale = np.sqrt(seed_variance(correct) / spread * n_seeds / (n_seeds - 1))
            deviations += scale * (drawn @ (accuracies - accuracies.mean()))
    difference, error = float(by_image.mean()), float(deviations.std())
    total = sum(variance for variance, _ in parts)
    freedom = total**2 / sum(variance**2 / n for variance, n in parts) if total else 1
    half = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return CrossedDifference(difference, error, difference - half, difference + half)


def seed_variance(correct: np.ndarray) -> float:
    """Return the variance of accuracy between seeds alone, without that of the test images; at least 0.

    correct: (n_seeds, N) bool, of two or more seeds.
    """
    n_seeds, n_images = correct.shape
    accuracies = correct.mean(axis=1)
    residuals = correct - correct.mean(axis=0) - accuracies[:, None] + correct.mean()
    interaction = np.square(residuals).sum() / (n_seeds - 1) / (n_images - 1)
    return max(float(accuracies.var(ddof=1) - interaction / n_images), 0.0)


def variance_shares(correct: np.ndarray) -> dict[str, float]:
    """Return the shares of a single run's variance in accuracy that test images and seeds have, ready for JSON.

    correct: (n_seeds, N) bool, of two or more seeds.
    """
    images = float(correct.var(axis=1, ddof=1).mean()) / correct.shape[1]
    seeds = seed_variance(correct)
    total = images + seeds
    return {"images": images / total, "seeds": seeds / total} if total else {"images": 1.0, "seeds": 0.0}


def _resampled_means(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the means of bootstrap resamples of values (N,), (N_RESAMPLES,)."""
    batch = max(1, BATCH // len(values))
    return np.concatenate(
        [
            values[random.integers(len(values), size=(min(batch, N_RESAMPLES - start), len(values)))].mean(
                axis=1
            )
            for start in range(0, N_RESAMPLES, batch)
        ]
    )
