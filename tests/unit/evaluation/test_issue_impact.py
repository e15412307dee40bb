"""The effect of excluding images on a comparison."""

import numpy as np
from scipy.stats import bootstrap

from cifarbench.evaluation.issue_impact import accuracy_without_subsets
from cifarbench.evaluation.statistics import wilson_interval


def test_accuracies_and_rank_swaps_of_subsets():
    correct = {"a": np.array([1, 1, 1, 0, 0, 0], bool), "b": np.array([0, 0, 1, 1, 0, 0], bool)}
    found = accuracy_without_subsets(correct, {"no_duplicates": np.array([1, 1, 0, 0, 0, 0], bool)}, seed=0)
    parts = found["subsets"]
    assert parts["all"]["models"]["a"]["accuracy"] == 0.5
    assert parts["no_duplicates"]["n_removed"] == 2
    assert parts["no_duplicates"]["models"]["a"]["accuracy"] == 0.25
    assert parts["no_duplicates"]["models"]["b"]["delta"] == 0.5 - 2 / 6
    assert parts["no_duplicates"]["rank_swaps"] == [["a", "b"]]
    for part, right, n in (("all", 3, 6), ("no_duplicates", 1, 4)):
        assert parts[part]["models"]["a"]["accuracy_ci95"] == wilson_interval(right, n)
    assert parts["all"]["rank_swaps"] == []


def test_the_interval_equals_that_of_a_paired_bootstrap():
    random = np.random.default_rng(0)
    right, chosen = random.random(400) < 0.7, random.random(400) < 0.2

    def change(right: np.ndarray, kept: np.ndarray, axis: int) -> np.ndarray:
        return (right * kept).sum(axis=axis) / kept.sum(axis=axis) - right.mean(axis=axis)

    expected = bootstrap(
        (right, ~chosen), change, paired=True, n_resamples=5000, method="percentile", rng=random
    ).confidence_interval
    found = accuracy_without_subsets({"a": right}, {"no_duplicates": chosen}, seed=0)["subsets"][
        "no_duplicates"
    ]["models"]["a"]
    np.testing.assert_allclose(found["delta_ci95"], expected, atol=0.004)


def test_subsets_need_models_and_images():
    assert accuracy_without_subsets({}, {"no_duplicates": np.zeros(0, bool)}, seed=0)["subsets"] == {}
    one = accuracy_without_subsets({"a": np.array([True])}, {"no_duplicates": np.array([True])}, seed=0)
    assert list(one["subsets"]) == ["all"]
