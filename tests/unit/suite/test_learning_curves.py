"""Simulated learning curves: crossover sizes, dominance, and extrapolation by a power law."""

import numpy as np
import pytest

from cifarbench.suite import power_law
from cifarbench.suite.learning_curves import analyze_learning_curves, bootstrap_accuracies, crossover_size

SIZES = [500, 1000, 2000, 4000, 8000, 16000]
N_TEST = 4000


def correct_predictions(accuracies: list[float], random: np.random.Generator) -> np.ndarray:
    """Return which images a model classifies correctly at each size, with the same difficulty at all sizes."""
    hardness = random.random(N_TEST)
    return hardness < np.array(accuracies)[:, None]


def power_law_curve(a: float, b: float, c: float) -> list[float]:
    return [1 - (a * size**-b + c) for size in SIZES]


# The curves cross at the geometric mean of 2,000 and 4,000 images.
EARLY, LATE = [0.40, 0.43, 0.46, 0.49, 0.52, 0.55], [0.30, 0.37, 0.44, 0.51, 0.58, 0.65]


def test_the_interval_of_the_crossover_has_its_coverage():
    true, held = 2000 * np.sqrt(2), 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        found = analyze_learning_curves(
            {"early": correct_predictions(EARLY, random), "late": correct_predictions(LATE, random)},
            SIZES,
            seed,
        )
        (one,) = found["crossovers"]
        held += one["ci_low"] <= true <= one["ci_high"]
    # 38 of 40 are expected; the probability of fewer than 33 is 0.001.
    assert held >= 33


def test_a_model_that_is_better_at_all_sizes_dominates():
    random = np.random.default_rng(0)
    found = analyze_learning_curves(
        {
            "low": correct_predictions(EARLY, random),
            "high": correct_predictions([a + 0.2 for a in EARLY], random),
        },
        SIZES,
        seed=0,
    )
    assert found["crossovers"] == []
    assert found["dominances"] == [{"better": "high", "worse": "low", "significant": True}]


def test_a_difference_of_one_image_is_not_significant():
    random = np.random.default_rng(0)
    one = correct_predictions(LATE, random)
    other = one.copy()
    # Remove one correct image at each size.
    for row in other:
        row[np.flatnonzero(row)[random.integers(100)]] = False
    found = analyze_learning_curves({"other": other, "one": one}, SIZES, seed=0)
    assert found["crossovers"] == []
    assert found["dominances"] == [{"better": "one", "worse": "other", "significant": False}]


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ([1, 1, 1], -np.inf),
        ([-1, 1, 1], np.sqrt(200)),
        ([-1, 1, -1], np.inf),
        ([0, 1, 1], 10),
        ([1, -1, 3], 20 * 2**0.25),
    ],
)
def test_the_crossover_is_the_last_zero_of_the_difference(difference, expected):
    assert crossover_size([10, 20, 40], np.array([difference], float))[0] == pytest.approx(expected)


def test_bootstrap_accuracies_are_binomial_and_paired():
    random = np.random.default_rng(0)
    one = correct_predictions([0.3, 0.6], random)
    found = bootstrap_accuracies([one, one], seed=0)
    assert found.shape == (2, 1000, 2)
    assert np.array_equal(found[0], found[1])
    assert found[0, :, 1].mean() == pytest.approx(0.6, abs=0.02)
    assert found[0, :, 1].std() == pytest.approx(np.sqrt(0.6 * 0.4 / N_TEST), rel=0.1)


# ---- The power law ----


@pytest.mark.parametrize(("a", "b", "c"), [(4.0, 0.4, 0.3), (2.0, 0.2, 0.0), (30.0, 1.0, 0.2)])
def test_a_power_law_is_recovered(a, b, c):
    fitted = power_law.fit_power_law(SIZES, np.array([power_law_curve(a, b, c)]), np.ones(len(SIZES)))
    twice = power_law.predict_accuracy(32000, fitted)[0]
    assert twice == pytest.approx(1 - (a * 32000**-b + c), abs=0.002)
    assert power_law.predict_accuracy(16000, fitted)[0] == pytest.approx(
        power_law_curve(a, b, c)[-1], abs=0.001
    )


def test_the_extrapolation_interval_has_its_coverage():
    held, n_usable = 0, 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        found = analyze_learning_curves(
            {"one": correct_predictions(power_law_curve(4.0, 0.4, 0.3), random)}, SIZES, seed
        )["models"]["one"]["power_law"]
        low, high = found["at_2x"]["interval"]
        held += low <= 1 - (4.0 * 32000**-0.4 + 0.3) <= high
        n_usable += found["usable"]
    # 38 of 40 are expected for both.
    assert n_usable >= 33
    assert held >= 33


def test_a_curve_that_jumps_at_the_end_is_not_extrapolated():
    random = np.random.default_rng(0)
    leaping = [0.30, 0.31, 0.32, 0.325, 0.33, 0.60]
    found = analyze_learning_curves({"one": correct_predictions(leaping, random)}, SIZES, seed=0)["models"][
        "one"
    ]["power_law"]
    assert (found["usable"], found["reason"]) == (False, "missed")
    assert found["observed"] == pytest.approx(0.6, abs=0.03)
    assert found["predicted"]["accuracy"] < 0.4


def test_four_sizes_are_too_few():
    random = np.random.default_rng(0)
    found = analyze_learning_curves({"one": correct_predictions(EARLY[:4], random)}, SIZES[:4], seed=0)[
        "models"
    ]["one"]["power_law"]
    assert found == {"usable": False, "reason": "few sizes"}


def test_a_constant_curve_has_no_gain():
    random = np.random.default_rng(0)
    found = analyze_learning_curves({"one": correct_predictions([0.7] * 6, random)}, SIZES, seed=0)["models"][
        "one"
    ]["power_law"]
    assert found["usable"]
    assert found["gain_2x"]["accuracy"] == pytest.approx(0, abs=0.01)
