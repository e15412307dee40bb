"""Candidates of random searches: distribution, uniqueness, and independence of their number."""

import numpy as np
import pytest
from scipy.stats import kstest

from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.paths import ResultPaths
from cifarbench.planning.random_search import draw_candidates

SPACE = {
    "learning_rate": {"log": [1e-4, 1e-1]},
    "dropout": [0.0, 0.2, 0.5],
    "hidden_dim": {"int": [64, 512]},
    "momentum": {"uniform": [-0.5, 0.5]},
}


def drawn(key: str, n: int = 1000) -> np.ndarray:
    return np.array([candidate[key] for candidate in draw_candidates(SPACE, n, seed=0)])


@pytest.mark.parametrize(("key", "low", "high"), [("learning_rate", -4, -1), ("momentum", -0.5, 0.5)])
def test_ranges_are_uniform_on_their_scale(key, low, high):
    values = np.log10(drawn(key)) if key == "learning_rate" else drawn(key)
    assert low <= values.min() < values.max() <= high
    assert kstest(values, "uniform", (low, high - low)).pvalue > 0.001


def test_values_of_integer_ranges_and_lists_are_equally_frequent():
    n_values = [candidate["n"] for candidate in draw_candidates({"n": {"int": [3, 5]}}, 3, seed=0)]
    assert sorted(n_values) == [3, 4, 5]
    values = drawn("hidden_dim", 3000)
    assert values.dtype.kind == "i"
    assert (values.min(), values.max()) == (64, 512)
    counts = [np.count_nonzero(drawn("dropout") == value) for value in SPACE["dropout"]]
    assert min(counts) > 280
    assert sum(counts) == 1000


def test_more_candidates_keep_the_first_ones():
    first = draw_candidates(SPACE, 20, seed=0)
    assert draw_candidates(SPACE, 21, seed=0)[:20] == first
    assert draw_candidates(dict(reversed(SPACE.items())), 20, seed=0) == first
    assert draw_candidates(SPACE, 20, seed=1) != first
    without = {key: values for key, values in SPACE.items() if key != "dropout"}
    assert [one["learning_rate"] for one in draw_candidates(without, 20, seed=0)] == [
        one["learning_rate"] for one in first
    ]


def test_candidates_of_a_seed_do_not_change():
    assert draw_candidates(SPACE, 2, seed=0) == [
        {"dropout": 0.5, "hidden_dim": 349, "learning_rate": 0.04852, "momentum": 0.3849},
        {"dropout": 0.0, "hidden_dim": 216, "learning_rate": 0.009271, "momentum": 0.2178},
    ]


def test_candidates_are_unique():
    space = {"a": {"int": [1, 4]}, "b": ["x", "y", None]}
    candidates = draw_candidates(space, 12, seed=0)
    assert len({tuple(candidate.items()) for candidate in candidates}) == 12
    assert draw_candidates(space, 50, seed=0) == candidates
    narrow = draw_candidates({"a": {"uniform": [0.500001, 0.500002]}}, 3, seed=0)
    assert narrow == [{"a": 0.500001}]


def plan(n: int) -> Experiment:
    space = {
        "n_components": {"int": [2, 64]},
        "n_neighbors": {"int": [1, 30]},
        "weights": ["uniform", "distance"],
    }
    model = {"family": "knn", "features": "pca", "tune": {"folds": 2, "n": n, "space": space}}
    dataset = {"n_train": 1000, "n_classes": 10, "image_shape": [1, 8, 8]}
    config = {
        "dataset": "d",
        "datasets": {"d": dataset},
        "seed": 0,
        "features": {"pca": {"type": "pca"}},
        "models": {"m": model},
        "compare": ["m"],
    }
    return Experiment(config, FAMILIES, FEATURE_TYPES)


def test_an_additional_candidate_adds_only_its_jobs():
    before, after = plan(5), plan(6)
    settings = [
        {cell: ResultPaths(one).cv_params_json("m", cell, "fold_0_of_2") for cell in one.grid_cells("m")}
        for one in (before, after)
    ]
    assert settings[0].items() <= settings[1].items()
    assert len(settings[1]) == 6
    assert before.features.keys() < after.features.keys()
    # Only the range is needed, since one search scores every number of neighbours.
    assert before.candidate_values("m", "n_neighbors") == [1, 30]


def test_ranges_have_a_scale_for_plots():
    assert plan(5).search_scales("m") == {
        "param_pca__n_components": "linear",
        "param_knn__n_neighbors": "linear",
    }
    assert ResultPaths(plan(5)).grid_params_json("m")["candidates"] == plan(5).candidates("m")
