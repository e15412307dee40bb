"""Confidence intervals, and tests of pairs of models on the same test images.

They cover the sampling of the test images, not the variance between seeds.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest, bootstrap

CONFIDENCE = 0.95
N_RESAMPLES = 5000
# Images: resamples are drawn in batches of about this many, to bound memory.
BATCH_IMAGES = 500_000

Interval = tuple[float, float]


def wilson_interval(successes: int, trials: int) -> Interval:
    """Return Wilson's score interval of a proportion."""
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # At 0 and 1, rounding would leave the proportion outside of the interval.
    return min(float(interval.low), successes / trials), max(float(interval.high), successes / trials)


def bootstrap_interval(sample: np.ndarray, statistic: Callable[..., np.ndarray], seed: int) -> Interval:
    """Return the percentile bootstrap interval of `statistic` over the entries of `sample`.

    sample: (N,), one entry per test image. statistic: takes (..., N) and `axis=-1`, returns (...).
    """
    if len(sample) < 2:
        # scipy needs two entries.
        value = float(statistic(sample, axis=-1))
        return value, value
    result = bootstrap(
        (sample,),
        statistic,
        n_resamples=N_RESAMPLES,
        batch=max(1, BATCH_IMAGES // len(sample)),
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def paired_bootstrap_interval(difference: np.ndarray) -> Interval:
    """Return the percentile bootstrap interval of the mean of values -1, 0 or 1, one per test image: (N,) int.

    The distribution of the sum of N draws with replacement is that of one draw, convolved with itself N times, so the
    interval is exact: the limit for infinitely many resamples.
    """
    n = len(difference)
    single = np.zeros(2 * n + 1)
    # Sums from -n to n; negative ones are at the end, as the Fourier transform has them.
    for value in (-1, 0, 1):
        single[value] = np.mean(difference == value)
    probabilities = np.fft.fftshift(np.fft.irfft(np.fft.rfft(single) ** n, 2 * n + 1))
    tail = (1 - CONFIDENCE) / 2
    low = np.searchsorted(np.cumsum(probabilities), tail)
    high = 2 * n - np.searchsorted(np.cumsum(probabilities[::-1]), tail)
    return float(low - n) / n, float(high - n) / n


def mcnemar_p_value(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Return the p-value of McNemar's exact test of two models on the same images.

    correct_a, correct_b: (N,) bool, whether a model classifies an image correctly. For algorithms that are run once,
    its type I error is acceptable (Dietterich 1998, Neural Computation 10(7)).
    """
    only_a, only_b = int(np.sum(correct_a & ~correct_b)), int(np.sum(~correct_a & correct_b))
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def paired_tests(correct: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    """Return the columns of paired_tests.csv, one entry per pair of models.

    correct: model -> (N,) bool, whether it classifies a test image correctly. `accuracy_difference` is the first
    model's accuracy minus the second's, `ci_low` and `ci_high` its paired bootstrap interval, `p_value` McNemar's exact
    test, `p_value_adjusted` after Holm's correction over all pairs, `only_a_right` and `only_b_right` counts of images.
    """
    # Imported here, since it is slow and jobs that score a single model do not need it.
    from statsmodels.stats.multitest import multipletests

    pairs = list(combinations(correct, 2))
    # -1, 0 or 1 for each image: resampling these resamples both models together.
    differences = [correct[a].astype(np.int8) - correct[b].astype(np.int8) for a, b in pairs]
    intervals = [paired_bootstrap_interval(difference) for difference in differences]
    p_values = [mcnemar_p_value(correct[a], correct[b]) for a, b in pairs]
    return {
        "model_a": [a for a, _ in pairs],
        "model_b": [b for _, b in pairs],
        "accuracy_difference": [float(difference.mean()) for difference in differences],
        "ci_low": [low for low, _ in intervals],
        "ci_high": [high for _, high in intervals],
        "p_value": p_values,
        "p_value_adjusted": multipletests(p_values, method="holm")[1].tolist() if pairs else [],
        "only_a_right": [int(np.sum(difference > 0)) for difference in differences],
        "only_b_right": [int(np.sum(difference < 0)) for difference in differences],
    }
