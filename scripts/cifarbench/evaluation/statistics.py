"""How sure one can be: intervals, and tests of pairs of models on the same test images.

Everything here is about the finite number of test images. What changes from seed to seed is another matter
and is never mixed in. All of it is what SciPy and statsmodels give, as tests hold it to; a job would spend more time
on importing them than on its work.
"""

from collections.abc import Callable
from itertools import combinations
from statistics import NormalDist

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 5000
# Resamples are drawn in batches of about this many images, to keep memory small.
BATCH_IMAGES = 500_000

Interval = tuple[float, float]


def wilson_interval(successes: int, trials: int) -> Interval:
    """Wilson's interval of a proportion."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * (share * (1 - share) / trials + (z / (2 * trials)) ** 2) ** 0.5
    # Rounding leaves a bound of 0 or 1 a hair off.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def bootstrap_interval(sample: np.ndarray, statistic: Callable[..., np.ndarray], seed: int) -> Interval:
    """Percentile bootstrap interval of `statistic` over the entries of `sample`.

    sample: (N,), one entry a test image. statistic: takes (..., N) and `axis=-1`, returns (...).
    """
    if len(sample) < 2:
        # One image says nothing about others.
        value = float(statistic(sample, axis=-1))
        return value, value
    n, random = len(sample), np.random.default_rng(seed)
    step = max(1, BATCH_IMAGES // n)
    found = [
        statistic(sample[random.integers(0, n, (min(step, RESAMPLES - first), n))], axis=-1)
        for first in range(0, RESAMPLES, step)
    ]
    low, high = np.quantile(np.concatenate(found), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def difference_interval(difference: np.ndarray) -> Interval:
    """Percentile bootstrap interval of the mean of values that are -1, 0 or 1, one a test image: (N,) int.

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
    """McNemar's exact test of two models on the same images.

    correct_a, correct_b: (N,) bool, which images a model gets right. Of the tests for algorithms that were
    run once, this is one with an acceptable rate of false alarms (Dietterich 1998, Neural Computation 10(7)).
    """
    only_a, only_b = int(np.sum(correct_a & ~correct_b)), int(np.sum(~correct_a & correct_b))
    # Of the images that one alone gets right, each is either's by a fair coin, if the models are as good: the chance
    # that one of them has so few of these, or fewer, in whole numbers.
    n = only_a + only_b
    ways = total = 1
    for k in range(min(only_a, only_b)):
        ways = ways * (n - k) // (k + 1)
        total += ways
    return min(1.0, 2 * total / 2**n)


def holm(p_values: list[float]) -> list[float]:
    """P-values after Holm's correction over all of them."""
    order = np.argsort(p_values, kind="stable")
    raised = np.asarray(p_values, float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1)
    return adjusted.tolist()


def paired_tests(correct: dict[str, np.ndarray]) -> dict[str, list]:
    """Compare every two models on the images that both saw. Returns named columns, one entry a pair.

    correct: model -> (N,) bool, which images it gets right. `accuracy_difference` is the first model's
    accuracy less the second's, `ci_low` and `ci_high` its paired bootstrap interval, `p_value` McNemar's
    exact test, `p_value_adjusted` after Holm's correction over all pairs, `only_a_right` and `only_b_right`
    counts of images.
    """
    pairs = list(combinations(correct, 2))
    # One of -1, 0, 1 for each image: resampling these resamples both models' answers together.
    differences = [correct[a].astype(np.int8) - correct[b].astype(np.int8) for a, b in pairs]
    intervals = [difference_interval(difference) for difference in differences]
    p_values = [mcnemar_p_value(correct[a], correct[b]) for a, b in pairs]
    return {
        "model_a": [a for a, _ in pairs],
        "model_b": [b for _, b in pairs],
        "accuracy_difference": [float(difference.mean()) for difference in differences],
        "ci_low": [low for low, _ in intervals],
        "ci_high": [high for _, high in intervals],
        "p_value": p_values,
        "p_value_adjusted": holm(p_values),
        "only_a_right": [int(np.sum(difference > 0)) for difference in differences],
        "only_b_right": [int(np.sum(difference < 0)) for difference in differences],
    }
