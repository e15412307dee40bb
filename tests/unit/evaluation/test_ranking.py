"""Simulations of rank intervals, the corrected score of the best model, equivalence tests and power."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, norm

from cifarbench.evaluation import ranking
from cifarbench.evaluation.statistics import (
    _tango,
    better_by_mcnemar,
    equivalence_p_value,
    mcnemar_p_value,
    paired_tests,
)
from cifarbench.evaluation.verdict import better_in_tests, describe_best, rank_models
from cifarbench.evaluation.weighted_metrics import resample_weights


@pytest.fixture(scope="module", autouse=True)
def no_collection() -> Iterator[None]:
    """Disable garbage collection, which `multipletests` runs at every call and which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.collect", lambda *_: 0)
        yield


def correct_predictions(accuracies: list[float], n: int, rng: np.random.Generator) -> np.ndarray:
    """Return which images models classify correctly, (M, N) bool; some images are difficult for all models."""
    difficulty = rng.normal(size=n)
    noise = rng.normal(size=(len(accuracies), n))
    latent = np.sqrt(0.6) * difficulty + np.sqrt(0.4) * noise
    # `latent` is standard normal, so that its quantiles give the accuracies.
    return latent < norm.ppf(accuracies)[:, None]


def as_predictions(correct: np.ndarray) -> dict[str, np.ndarray]:
    y_pred = correct.astype(int)
    return {
        "y_true": np.ones(len(correct), int),
        "y_pred": y_pred,
        "proba": np.eye(2, dtype=np.float32)[y_pred],
    }


def rank(correct: np.ndarray, metric: str = "accuracy", seed: int = 0):
    names = [f"m{i}" for i in range(len(correct))]
    by_name = dict(zip(names, correct, strict=True))
    metrics = {
        name: {metric: float(right.mean()), f"{metric}_ci95": [right.mean() - 0.02, right.mean() + 0.02]}
        for name, right in by_name.items()
    }
    predictions = {name: as_predictions(right) for name, right in by_name.items()}
    return rank_models(metric, metrics, predictions, paired_tests(by_name), seed), metrics


# ---- ranks ----


def test_ranks_and_intervals_of_a_clear_order():
    correct = correct_predictions([0.9, 0.7, 0.5], 2000, np.random.default_rng(0))
    ranks, _ = rank(correct)
    columns = ranks.columns()
    assert [column["rank"] for column in columns.values()] == [1, 2, 3]
    assert [(c["rank_low"], c["rank_high"]) for c in columns.values()] == [(1, 1), (2, 2), (3, 3)]
    assert [c["tied_with_best"] for c in columns.values()] == [True, False, False]
    assert columns["m0"]["p_best"] == 1


def test_identical_models_have_equal_ranks_and_probabilities():
    right = correct_predictions([0.8], 300, np.random.default_rng(1))[0]
    ranks, _ = rank(np.array([right, right]))
    assert [c["rank"] for c in ranks.columns().values()] == [1, 1]
    assert [(c["rank_low"], c["rank_high"]) for c in ranks.columns().values()] == [(1, 2), (1, 2)]
    assert [c["p_best"] for c in ranks.columns().values()] == [0.5, 0.5]


@pytest.mark.parametrize(
    "accuracies",
    [[0.8] * 5, [0.80, 0.80, 0.81, 0.81, 0.85], [0.90, 0.895, 0.89, 0.885, 0.7]],
    ids=["true ties", "near ties", "close"],
)
@pytest.mark.parametrize("method", ["pairs", "bootstrap"])
def test_rank_intervals_have_simultaneous_coverage(accuracies, method):
    """In about 95% of test sets, the intervals of all models contain their true ranks."""
    true = np.array(accuracies)
    best = 1 + (true[None] > true[:, None]).sum(axis=1)
    worst = (true[None] >= true[:, None]).sum(axis=1)
    held = 0
    for seed in range(100):
        correct = correct_predictions(accuracies, 400, np.random.default_rng(seed))
        scores = correct.mean(axis=1)
        if method == "pairs":
            names = [str(i) for i in range(len(correct))]
            better = better_in_tests(names, paired_tests(dict(zip(names, correct, strict=True))))
        else:
            resampled = (correct.astype(np.float32) @ resample_weights(400, seed)[:, :500] / 400).T
            better = ranking.significantly_better(scores, resampled)
        _, low, high = ranking.rank_intervals(scores, better)
        # The interval of tied models must contain all ranks of the tie.
        held += bool((low <= best).all() and (high >= worst).all())
    # At a coverage of 95%, the probability of fewer than 90 of 100 is 1/70.
    assert held >= 89


# ---- the best model's score ----


@pytest.mark.parametrize("accuracies", [[0.8] * 10, [0.8] * 5 + [0.82], [0.7, 0.9]])
def test_the_corrected_score_has_less_bias_than_the_plain_one(accuracies):
    plain, corrected = [], []
    for seed in range(60):
        correct = correct_predictions(accuracies, 300, np.random.default_rng(seed))
        scores = correct.mean(axis=1)
        weights = resample_weights(300, seed)[:, :300]
        inside = (correct.astype(np.float32) @ weights / 300).T
        outside = (weights == 0).astype(np.float32)
        outside = ((correct.astype(np.float32) @ outside) / outside.sum(axis=0)).T
        truth = accuracies[int(scores.argmax())]
        plain.append(scores.max() - truth)
        corrected.append(ranking.corrected_best_score(inside, outside) - truth)
    if accuracies == [0.7, 0.9]:
        # The best model is always the same, so there is no selection bias.
        assert np.mean(np.array(corrected) - plain) == pytest.approx(0, abs=0.002)
    else:
        assert np.mean(plain) > 0.012
        assert abs(np.mean(corrected)) < 0.008


def test_the_best_model_is_described_with_both_scores_and_its_ties():
    correct = correct_predictions([0.8, 0.8, 0.8, 0.3], 300, np.random.default_rng(5))
    ranks, metrics = rank(correct)
    best = describe_best(ranks, metrics)
    assert best["value"] == max(correct.mean(axis=1))
    assert best["corrected"] < best["value"]
    assert sorted([best["model"], *best["tied"]]) == ["m0", "m1", "m2"]
    assert best["corrected_ci95"][1] - best["corrected_ci95"][0] == pytest.approx(0.04)


# ---- equivalence and power ----


def test_vectorised_pairs_equal_the_paired_tests():
    n = 8
    correct = np.random.default_rng(0).random((n, 400)) < np.linspace(0.5, 0.7, n)[:, None]
    correct[3] = correct[2]
    models = {str(number): row for number, row in enumerate(correct)}
    expected = better_in_tests([*models], paired_tests(models))
    assert 0 < expected.sum() < n * (n - 1) / 2
    assert np.array_equal(better_by_mcnemar(correct), expected)


def test_tied_groups_start_with_their_best_model():
    better = np.zeros((4, 4), bool)
    better[1, [0, 2]] = better[3, [0]] = True
    assert ranking.tied_groups(np.array([0.1, 0.9, 0.5, 0.8]), better).tolist() == [2, 1, 2, 1]
    assert ranking.tied_groups(np.empty(0), np.empty((0, 0), bool)).tolist() == []


def test_tango_equals_mcnemars_statistic_at_a_difference_of_zero():
    assert _tango(12, 5, 100, 0) == pytest.approx((12 - 5) / np.sqrt(17))
    assert mcnemar_p_value(*np.array([[1] * 12 + [0] * 5, [0] * 12 + [1] * 5], bool)) > 0.05


@pytest.mark.parametrize(("b", "c", "n", "d"), [(12, 5, 100, -0.1), (3, 9, 60, -0.05), (0, 4, 50, -0.1)])
def test_tango_uses_the_constrained_maximum_likelihood_estimate(b, c, n, d):
    def loss(share: float) -> float:
        p12, p21 = share + d, share
        return -(b * np.log(max(p12, 1e-300)) + c * np.log(p21) + (n - b - c) * np.log(1 - p12 - p21))

    low = max(0, -d) + 1e-12
    share = minimize_scalar(
        loss, bounds=(low, (1 - d) / 2 - 1e-9), method="bounded", options={"xatol": 1e-12}
    ).x
    expected = (b - c - n * d) / np.sqrt(n * (2 * share + d * (1 - d)))
    assert _tango(b, c, n, d) == pytest.approx(expected, rel=1e-4)


def test_equivalence_needs_enough_images():
    assert equivalence_p_value(0, 0, 50, 0.01) > 0.05
    assert equivalence_p_value(0, 0, 1000, 0.01) < 0.05
    assert equivalence_p_value(200, 200, 1000, 0.01) > 0.05
    assert equivalence_p_value(200, 200, 100_000, 0.01) < 0.05
    assert equivalence_p_value(5, 2, 700, 0.02) == equivalence_p_value(2, 5, 700, 0.02)


def test_models_that_differ_by_the_margin_are_equivalent_in_5_percent_of_cases():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(2000, [0.05, 0.03, 0.92], size=2000)
    found = np.mean([equivalence_p_value(b, c, 2000, 0.02) < 0.05 for b, c, _ in counts])
    assert 0.03 < found < 0.07


@pytest.mark.parametrize(("discordance", "n"), [(0.1, 1000), (0.3, 360), (0.02, 10_000)])
def test_the_detectable_difference_is_found_with_a_power_of_80_percent(discordance, n):
    difference = ranking.detectable_difference(discordance, n)
    rng = np.random.default_rng(0)
    shares = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    counts = rng.multinomial(n, shares, size=1000)
    power = np.mean([binomtest(int(b), int(b + c)).pvalue < 0.05 for b, c, _ in counts])
    # The exact test is slightly conservative.
    assert 0.72 < power < 0.84


def test_the_detectable_difference_of_small_test_sets_and_many_pairs():
    assert ranking.detectable_difference(0.0, 100) == pytest.approx(7.85 / 100, rel=0.2)
    assert ranking.detectable_difference(0.1, 1000, n_pairs=10) > ranking.detectable_difference(0.1, 1000)
    assert 0.8 < ranking.detectable_difference(0.1, 3) <= 1
