"""Simulated runs of known variances: they are found again, and who beats whom as often as it does."""

import numpy as np
import pytest

from cifarbench.suite.variance import (
    RECOMMENDED_PAIRS,
    accuracy_spread_by_factor,
    mean_std_ci,
    pairwise_win_probabilities,
)
from helpers.simulated import row

# In accuracy.
STD = {"init_seed": 0.004, "data_seed": 0.008, "split": 0.016}


def simulated(n_runs: int, seed: int = 0):
    """A network whose accuracy is a sum of three kinds of luck, each varied alone, and all at once."""
    random = np.random.default_rng(seed)
    luck = {source: random.normal(0, std, n_runs) for source, std in STD.items()}
    own = {source: random.normal(0, std) for source, std in STD.items()}

    def run(split: int, varied: str | None, drawn: dict[str, float]):
        return row("net", 0.5 + sum((own | drawn).values()), split=split, varied_factor=varied)

    rows = [run(0, None, {})]
    for k in range(1, n_runs):
        rows += [run(0, source, {source: luck[source][k]}) for source in ("init_seed", "data_seed")]
        rows += [run(k, "split", {"split": luck["split"][k]})]
        rows += [run(k, "all", {source: random.normal(0, std) for source, std in STD.items()})]
    return rows


def test_each_source_is_found_again():
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


def test_the_interval_of_a_few_runs_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    found = [mean_std_ci(random.normal(0.5, 0.01, 4).tolist()) for _ in range(2000)]
    held = np.mean([one["std_ci_low"] <= 0.01 <= one["std_ci_high"] for one in found])
    assert held == pytest.approx(0.95, abs=0.015)


def test_parts_of_the_training_images_are_no_luck():
    rows = [row("net", 0.5), row("net", 0.1, train_size=10, full_train=False, varied_factor="train_size")]
    assert accuracy_spread_by_factor(rows, "one") == []


def versus(n_splits: int, advantage: float, seed: int = 0):
    """Two models on the same splits, whose differences are normal."""
    random = np.random.default_rng(seed)
    rows = []
    for split in range(n_splits):
        luck = random.normal(0, 0.02)
        for model, more in (("knn", 0.0), ("net", advantage + random.normal(0, 0.01))):
            varied = "split" if split else None
            rows.append(row(model, 0.5 + luck + more, split=split, varied_factor=varied))
    return pairwise_win_probabilities(rows, "one", ["net", "knn"], seed=0)


def test_a_clear_winner_and_a_clear_loser_are_meaningful():
    (found,) = versus(RECOMMENDED_PAIRS, advantage=0.01)
    assert (found["n_pairs"], found["verdict"]) == (RECOMMENDED_PAIRS, "meaningful")
    # Normal differences of mean 1 standard deviation are above 0 with a probability of 0.84.
    assert found["ci_low"] <= 0.84 <= found["ci_high"]
    (found,) = versus(RECOMMENDED_PAIRS, advantage=-0.015)
    assert found["p_a_beats_b"] < 0.25
    assert found["verdict"] == "meaningful"


def test_equals_are_hardly_ever_called_meaningful():
    verdicts = [versus(RECOMMENDED_PAIRS, advantage=0.0, seed=seed)[0]["verdict"] for seed in range(60)]
    assert verdicts.count("meaningful") <= 0.1 * len(verdicts)


def test_a_few_wins_in_a_row_are_not_enough():
    (found,) = versus(5, advantage=1.0)
    assert found["p_a_beats_b"] == 1
    assert found["verdict"] == "too few"


def test_a_draw_counts_half():
    rows = [
        row(model, 0.5, split=split, varied_factor="split" if split else None)
        for model in "ab"
        for split in range(8)
    ]
    (found,) = pairwise_win_probabilities(rows, "one", ["a", "b"], seed=0)
    assert (found["p_a_beats_b"], found["verdict"]) == (0.5, "not meaningful")
