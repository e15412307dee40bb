"""Variances of simulated runs by source, and probabilities that a model is better than another."""

import numpy as np
import pytest

from cifarbench.suite.variance import (
    RECOMMENDED_PAIRS,
    accuracy_spread_by_factor,
    mean_std_ci,
    pairwise_win_probabilities,
)
from helpers.simulated import row

# Standard deviations of the accuracy by source.
STD = {"init_seed": 0.004, "data_seed": 0.008, "split": 0.016}


def simulated(n_runs: int, seed: int = 0):
    """Return runs of a network with three sources of variance, each varied separately, and all together."""
    random = np.random.default_rng(seed)
    effects = {source: random.normal(0, std, n_runs) for source, std in STD.items()}
    own = {source: random.normal(0, std) for source, std in STD.items()}

    def run(split: int, varied: str | None, drawn: dict[str, float]):
        return row("net", 0.5 + sum((own | drawn).values()), split=split, varied_factor=varied)

    rows = [run(0, None, {})]
    for k in range(1, n_runs):
        rows += [run(0, source, {source: effects[source][k]}) for source in ("init_seed", "data_seed")]
        rows += [run(k, "split", {"split": effects["split"][k]})]
        rows += [run(k, "all", {source: random.normal(0, std) for source, std in STD.items()})]
    return rows


def test_the_variance_of_each_source_is_recovered():
    found = {one["factor"]: one for one in accuracy_spread_by_factor(simulated(2000), "one")}
    expected = STD | {"all": np.sqrt(sum(std**2 for std in STD.values()))}
    images = found.pop("test_images")
    assert images["accuracy_std"] == np.sqrt(images["accuracy_mean"] * (1 - images["accuracy_mean"]) / 1000)
    assert images["std_ci_low"] is None
    assert found.keys() == expected.keys()
    for source, std in expected.items():
        assert found[source]["n_runs"] == 2000
        assert found[source]["accuracy_std"] == pytest.approx(std, rel=0.05)
        assert found[source]["std_ci_low"] < found[source]["accuracy_std"] < found[source]["std_ci_high"]


def test_the_interval_of_a_few_runs_has_its_coverage():
    random = np.random.default_rng(0)
    found = [mean_std_ci(random.normal(0.5, 0.01, 4).tolist()) for _ in range(2000)]
    held = np.mean([one["std_ci_low"] <= 0.01 <= one["std_ci_high"] for one in found])
    assert held == pytest.approx(0.95, abs=0.015)


def test_runs_on_subsets_are_not_a_source_of_variance():
    rows = [row("net", 0.5), row("net", 0.1, train_size=10, full_train=False, varied_factor="train_size")]
    assert accuracy_spread_by_factor(rows, "one") == []


def compare_models(n_splits: int, advantage: float, seed: int = 0):
    """Compare two models on the same splits whose differences are normally distributed."""
    random = np.random.default_rng(seed)
    rows = []
    for split in range(n_splits):
        effects = random.normal(0, 0.02)
        for model, more in (("knn", 0.0), ("net", advantage + random.normal(0, 0.01))):
            varied = "split" if split else None
            rows.append(row(model, 0.5 + effects + more, split=split, varied_factor=varied))
    return pairwise_win_probabilities(rows, "one", ["net", "knn"], seed=0)


def test_large_differences_are_meaningful():
    (found,) = compare_models(RECOMMENDED_PAIRS, advantage=0.01)
    assert (found["n_pairs"], found["verdict"]) == (RECOMMENDED_PAIRS, "meaningful")
    # Normal differences with a mean of one standard deviation are positive with probability 0.84.
    assert found["ci_low"] <= 0.84 <= found["ci_high"]
    (found,) = compare_models(RECOMMENDED_PAIRS, advantage=-0.015)
    assert found["p_a_beats_b"] < 0.25
    assert found["verdict"] == "meaningful"


def test_equal_models_are_rarely_called_meaningful():
    verdicts = [
        compare_models(RECOMMENDED_PAIRS, advantage=0.0, seed=seed)[0]["verdict"] for seed in range(60)
    ]
    assert verdicts.count("meaningful") <= 0.1 * len(verdicts)


def test_a_few_splits_are_not_enough():
    (found,) = compare_models(5, advantage=1.0)
    assert found["p_a_beats_b"] == 1
    assert found["verdict"] == "too few"


def test_ties_count_half():
    rows = [
        row(model, 0.5, split=split, varied_factor="split" if split else None)
        for model in "ab"
        for split in range(8)
    ]
    (found,) = pairwise_win_probabilities(rows, "one", ["a", "b"], seed=0)
    assert (found["p_a_beats_b"], found["verdict"]) == (0.5, "not meaningful")
