"""Confidence intervals, and tests of pairs of models on the same test images.

They cover the sampling of the test images, not the variance between seeds.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binom, binomtest, bootstrap, norm

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05
# (different, equivalent) -> verdict on a pair.
VERDICTS = {
    (True, False): "different",
    (True, True): "negligible",
    (False, True): "equivalent",
    (False, False): "undecided",
}
N_RESAMPLES = 5000
# Images: resamples are drawn in batches of about this many, to bound memory.
BATCH_IMAGES = 500_000

Interval = tuple[float, float]


def wilson_interval(successes: int, trials: int, share: float = 1) -> Interval:
    """Return Wilson's score interval of a proportion.

    share: of the trials that count, such as 4/5 of the pooled predictions of five folds, whose fits have three quarters
    of their images in common.
    """
    if share < 1:
        # Imported here, since it is slow, and scipy takes whole numbers only.
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(share * successes, share * trials, 1 - CONFIDENCE, method="wilson")
    else:
        low, high = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # At 0 and 1, rounding would leave the proportion outside of the interval.
    return min(float(low), successes / trials), max(float(high), successes / trials)


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


def better_by_mcnemar(correct: np.ndarray) -> np.ndarray:
    """Return which models are significantly better by McNemar's exact tests of all pairs with Holm's correction.

    correct: (M, N) bool, whether a model classifies an image correctly. Returns (M, M) bool, the better model's row.
    """
    # (M, M): images that only the model of the row classifies correctly; counts below 2**24 are exact.
    only = correct.astype(np.float32) @ (~correct).astype(np.float32).T
    pairs = np.triu_indices(len(correct), 1)
    fewer, more = np.minimum(only, only.T)[pairs], np.maximum(only, only.T)[pairs]
    p_values = np.minimum(2 * binom.cdf(fewer, fewer + more, 0.5), 1)
    order = np.argsort(p_values)
    adjusted = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    is_different = np.zeros(only.shape, bool)
    is_different[tuple(index[order] for index in pairs)] = adjusted < SIGNIFICANCE
    return (is_different | is_different.T) & (only > only.T)


def paired_tests(correct: dict[str, np.ndarray], margin: float = 0.01) -> dict[str, list[Any]]:
    """Return the columns of paired_tests.csv that one training of each model gives, one entry per pair of models.

    correct: model -> (N,) bool, whether it classifies a test image correctly. `accuracy_difference` is the first
    model's accuracy minus the second's, `ci_low` and `ci_high` its paired bootstrap interval, `p_value` McNemar's exact
    test, `p_value_adjusted` after Holm's correction over all pairs, `only_a_right` and `only_b_right` counts of images.
    `equivalence_p_value` is that of two one-sided tests that the accuracies differ by less than `margin`.

    `verdict`: `different`, if the interval excludes 0 and the corrected test rejects equality; `equivalent`, if the
    corrected equivalence test holds; `negligible`, if both; `undecided`, if neither.
    """
    # Imported here, since it is slow and jobs that score a single model do not need it.
    from statsmodels.stats.multitest import multipletests

    pairs = list(combinations(correct, 2))
    # -1, 0 or 1 for each image: resampling these resamples both models together.
    differences = [correct[a].astype(np.int8) - correct[b].astype(np.int8) for a, b in pairs]
    intervals = [paired_bootstrap_interval(difference) for difference in differences]
    p_values = [mcnemar_p_value(correct[a], correct[b]) for a, b in pairs]
    counts = [(int(np.sum(difference > 0)), int(np.sum(difference < 0))) for difference in differences]
    equivalence = [
        equivalence_p_value(*only, len(difference), margin)
        for only, difference in zip(counts, differences, strict=True)
    ]
    adjusted, equivalence_adjusted = (
        multipletests(values, method="holm")[1].tolist() if pairs else []
        for values in (p_values, equivalence)
    )
    is_different = [
        not low <= 0 <= high and p < SIGNIFICANCE for (low, high), p in zip(intervals, adjusted, strict=True)
    ]
    return {
        "model_a": [a for a, _ in pairs],
        "model_b": [b for _, b in pairs],
        "accuracy_difference": [float(difference.mean()) for difference in differences],
        "ci_low": [low for low, _ in intervals],
        "ci_high": [high for _, high in intervals],
        "p_value": p_values,
        "p_value_adjusted": adjusted,
        "only_a_right": [only_a for only_a, _ in counts],
        "only_b_right": [only_b for _, only_b in counts],
        "equivalence_p_value": equivalence,
        "equivalence_p_value_adjusted": equivalence_adjusted,
        "verdict": [
            VERDICTS[different, p < SIGNIFICANCE]
            for different, p in zip(is_different, equivalence_adjusted, strict=True)
        ],
    }


def equivalence_p_value(only_a: int, only_b: int, n_images: int, margin: float) -> float:
    """Return the p-value of two one-sided tests that two models' accuracies differ by less than `margin`.

    The score test of paired proportions (Tango 1998, Statistics in Medicine 17) against each end of the margin; the
    larger p-value counts (Schuirmann 1987). only_a, only_b: images that only one of the models classifies correctly.
    """
    return float(
        max(
            norm.sf(_tango(only_a, only_b, n_images, -margin)),
            norm.sf(_tango(only_b, only_a, n_images, -margin)),
        )
    )


def _tango(b: int, c: int, n: int, difference: float) -> float:
    """Return Tango's score statistic of the hypothesis that the difference is `difference`; McNemar's for 0."""
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1 - difference)
    # The maximum likelihood of the second model's share under the hypothesis.
    share = (np.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    return float((b - c - n * difference) / np.sqrt(variance)) if variance > 0 else 0.0
