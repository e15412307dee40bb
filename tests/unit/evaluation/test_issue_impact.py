"""What leaving images out does to a comparison."""

import numpy as np
from scipy.stats import bootstrap

from cifarbench.evaluation.issue_impact import accuracy_without_subsets


def test_accuracies_and_the_order():
    correct = {"a": np.array([1, 1, 1, 0, 0, 0], bool), "b": np.array([0, 0, 1, 1, 0, 0], bool)}
    found = accuracy_without_subsets(correct, {"copies": np.array([1, 1, 0, 0, 0, 0], bool)}, seed=0)
    parts = found["parts"]
    assert parts["none"]["models"]["a"]["accuracy"] == 0.5
    assert parts["copies"]["n_removed"] == 2
    assert parts["copies"]["models"]["a"]["accuracy"] == 0.25
    assert parts["copies"]["models"]["b"]["change"] == 0.5 - 2 / 6
    assert parts["copies"]["rank_swaps"] == [["a", "b"]]
    assert parts["none"]["rank_swaps"] == []


def test_the_interval_is_that_of_a_paired_bootstrap():
    random = np.random.default_rng(0)
    right, chosen = random.random(400) < 0.7, random.random(400) < 0.2

    def change(right: np.ndarray, kept: np.ndarray, axis: int) -> np.ndarray:
        return (right * kept).sum(axis=axis) / kept.sum(axis=axis) - right.mean(axis=axis)

    expected = bootstrap(
        (right, ~chosen), change, paired=True, n_resamples=5000, method="percentile", rng=random
    ).confidence_interval
    found = accuracy_without_subsets({"a": right}, {"copies": chosen}, seed=0)["parts"]["copies"]["models"][
        "a"
    ]
    np.testing.assert_allclose(found["change_interval"], expected, atol=0.004)


def test_without_any_model_or_with_nothing_left():
    assert accuracy_without_subsets({}, {"copies": np.zeros(0, bool)}, seed=0)["parts"] == {}
    one = accuracy_without_subsets({"a": np.array([True])}, {"copies": np.array([True])}, seed=0)
    assert list(one["parts"]) == ["none"]
