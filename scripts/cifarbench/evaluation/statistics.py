"""How sure one can be: intervals, and tests of pairs of models on the same test images.

Everything here is about the finite number of test images. What changes from seed to seed is another matter
and is never mixed in.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np
from scipy.stats import binomtest, bootstrap

CONFIDENCE = 0.95
N_RESAMPLES = 5000
# Resamples are drawn in batches of about this many images, to keep memory small.
BATCH_IMAGES = 500_000

Interval = tuple[float, float]


def wilson_interval(successes: int, trials: int) -> Interval:
    """Return Wilson's interval of a proportion."""
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding leaves a bound of 0 or 1 a hair off.
    return min(float(interval.low), successes / trials), max(float(interval.high), successes / trials)


def bootstrap_interval(sample: np.ndarray, statistic: Callable[..., np.ndarray], seed: int) -> Interval:
    """Return the percentile bootstrap interval of `statistic` over the entries of `sample`.

    sample: (N,), one entry a test image. statistic: takes (..., N) and `axis=-1`, returns (...).
    """
    if len(sample) < 2:
        # One image says nothing about others.
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

    The sum of N of them, drawn with replacement, has a distribution that is known: that of one draw, N times convolved
    with itself. So nothing has to be drawn, and the interval is the one that ever more resamples come near.
    """
    n = len(difference)
    one = np.zeros(2 * n + 1)
    # Sums from -n to n; negative ones stand at the end, as the transform has them.
    for value in (-1, 0, 1):
        one[value] = np.mean(difference == value)
    chances = np.fft.fftshift(np.fft.irfft(np.fft.rfft(one) ** n, 2 * n + 1))
    tail = (1 - CONFIDENCE) / 2
    low = np.searchsorted(np.cumsum(chances), tail)
    high = 2 * n - np.searchsorted(np.cumsum(chances[::-1]), tail)
    return float(low - n) / n, float(high - n) / n


def mcnemar_p_value(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """Return the p-value of McNemar's exact test of two models on the same images.

    correct_a, correct_b: (N,) bool, which images a model gets right. Of the tests for algorithms that were
    run once, this is one with an acceptable rate of false alarms (Dietterich 1998, Neural Computation 10(7)).
    """
    only_a, only_b = int(np.sum(correct_a & ~correct_b)), int(np.sum(~correct_a & correct_b))
    # Of the images that one alone gets right, each is either's by a fair coin, if the models are as good.
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def paired_tests(correct: dict[str, np.ndarray]) -> dict[str, list]:
    """Compare every two models on the images that both saw. Returns named columns, one entry a pair.

    correct: model -> (N,) bool, which images it gets right. `accuracy_difference` is the first model's
    accuracy less the second's, `ci_low` and `ci_high` its paired bootstrap interval, `p_value` McNemar's
    exact test, `p_value_adjusted` after Holm's correction over all pairs, `only_a_right` and `only_b_right`
    counts of images.
    """
    # Jobs that score a single model need no statsmodels, which takes its time to import.
    from statsmodels.stats.multitest import multipletests

    pairs = list(combinations(correct, 2))
    # One of -1, 0, 1 for each image: resampling these resamples both models' answers together.
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
