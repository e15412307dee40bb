"""Intervals and paired tests, compared with reference values, and their false positive rates."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from cifarbench.evaluation.statistics import (
    bootstrap_interval,
    mcnemar_p_value,
    paired_bootstrap_interval,
    paired_tests,
    wilson_interval,
)


@pytest.fixture(scope="module", autouse=True)
def no_collection() -> Iterator[None]:
    """Disable garbage collection, which `multipletests` runs at every call and which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.collect", lambda *_: 0)
        yield


def answers(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which images two models classify correctly, from the four counts."""
    counts = (both, only_a, only_b, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def two_equal_models(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which images two models of equal accuracy and correlated errors classify correctly."""
    common, own = rng.random(n) < 0.4, rng.random((2, n)) < 0.4
    mostly_common = rng.random(n) < 0.6
    return tuple(np.where(mostly_common, common, own))


# ---- one model ----


def test_wilson_equals_scipys_interval():
    expected = binomtest(3812, 10000).proportion_ci(method="wilson")
    assert wilson_interval(3812, 10000) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_uses_the_effective_share_of_pooled_folds():
    expected = binomtest(32, 40).proportion_ci(method="wilson")
    assert wilson_interval(40, 50, 0.8) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson_interval(50, 50, 0.8)[1] == 1 and wilson_interval(0, 50, 0.8)[0] == 0


@pytest.mark.parametrize("n", [1, 7, 10000])
def test_wilson_is_between_zero_and_one(n):
    low, high = wilson_interval(0, n)
    assert low == pytest.approx(0, abs=1e-12)
    assert 0 < high < 1
    low, high = wilson_interval(n, n)
    assert 0 < low < 1
    assert high == pytest.approx(1, abs=1e-12)


def test_bootstrap_of_a_mean_is_close_to_the_normal_interval():
    sample = np.random.default_rng(0).random(2000)
    low, high = bootstrap_interval(sample, np.mean, seed=1)
    half = 1.96 * sample.std() / np.sqrt(len(sample))
    assert (low, high) == pytest.approx((sample.mean() - half, sample.mean() + half), abs=half / 10)


# ---- pairs ----


@pytest.mark.parametrize(
    "counts", [(794, 86, 150, 570), (0, 5, 0, 3), (10, 1, 1, 0), (50, 0, 0, 50), (1, 0, 9, 0)]
)
def test_mcnemar_equals_statsmodels(counts):
    both, only_a, only_b, neither = counts
    expected = mcnemar([[both, only_a], [only_b, neither]], exact=True).pvalue
    found = mcnemar_p_value(*answers(*counts))
    assert found == pytest.approx(expected, rel=1e-12)
    if only_a + only_b:
        assert found == pytest.approx(binomtest(only_a, only_a + only_b).pvalue, rel=1e-9)


def test_holm_corrects_for_all_pairs():
    rng = np.random.default_rng(3)
    correct = {name: rng.random(400) < share for name, share in {"a": 0.5, "b": 0.55, "c": 0.7}.items()}
    tests = paired_tests(correct)
    assert list(zip(tests["model_a"], tests["model_b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert tests["p_value_adjusted"] == pytest.approx(
        multipletests(tests["p_value"], method="holm")[1].tolist()
    )
    # The smallest p-value is multiplied by three.
    assert min(tests["p_value_adjusted"]) == pytest.approx(3 * min(tests["p_value"]))


def test_the_difference_is_first_minus_second():
    a, b = answers(both=40, only_a=30, only_b=10, neither=20)
    tests = paired_tests({"a": a, "b": b})
    assert tests["accuracy_difference"] == pytest.approx([0.2])
    assert (tests["only_a_right"], tests["only_b_right"]) == ([30], [10])
    assert 0 < tests["ci_low"][0] < 0.2 < tests["ci_high"][0]


@pytest.mark.parametrize("values", [[1], [0, 0], [1, 1, 1], [-1, -1], [1, 0], [1, -1, 0, 0, 1]])
def test_the_interval_of_a_few_images_equals_that_of_all_resamples(values):
    sums = np.array([sum(drawn) for drawn in product(values, repeat=len(values))])
    # Of the two sums around a percentile, the inner one.
    low = np.percentile(sums, 2.5, method="inverted_cdf")
    high = -np.percentile(-sums, 2.5, method="inverted_cdf")
    assert paired_bootstrap_interval(np.array(values)) == (low / len(values), high / len(values))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_swapping_two_models_changes_the_sign(pairs):
    a, b = np.array(pairs).T
    one, other = paired_tests({"a": a, "b": b}), paired_tests({"b": b, "a": a})
    assert one["accuracy_difference"][0] == -other["accuracy_difference"][0]
    assert one["p_value"] == pytest.approx(other["p_value"])
    assert (one["ci_low"][0], one["ci_high"][0]) == pytest.approx((-other["ci_high"][0], -other["ci_low"][0]))
    assert 0 <= one["p_value"][0] <= one["p_value_adjusted"][0] <= 1
    assert -1 <= one["ci_low"][0] <= one["ci_high"][0] <= 1


# ---- false positive rates ----


def test_intervals_of_equal_models_exclude_zero_in_about_5_percent():
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(300):
        a, b = two_equal_models(rng, 300)
        low, high = paired_bootstrap_interval(a.astype(np.int8) - b.astype(np.int8))
        missed += not low <= 0 <= high
    assert 0.02 < missed / 300 < 0.09


def test_holm_controls_the_family_wise_error_rate_at_5_percent():
    rng = np.random.default_rng(2)
    alarms = single = 0
    for _ in range(400):
        correct = {name: rng.random(300) < 0.4 for name in "abcdef"}
        tests = paired_tests(correct)
        alarms += min(tests["p_value_adjusted"]) < 0.05
        single += min(tests["p_value"]) < 0.05
    assert alarms / 400 < 0.08
    # Without the correction, one of the fifteen pairs is often significant.
    assert single / 400 > 0.2
