"""Validation of random searches in the configuration."""

from typing import Any

import pytest
from refusals import changed, refusal

from cifarbench.config.validation import check_experiments


def random_search(**tune: Any) -> dict[str, Any]:
    """Return the configuration with a perceptron that is tuned by a random search."""
    entry = {"family": "mlp", "batch_size": 128, "epochs": 2, "batch_norm": False, "dropout": 0.0}
    tune = {"folds": 3, "n": 4, "space": SPACE} | tune
    entry["tune"] = {key: value for key, value in tune.items() if value is not None}
    return changed(("models", "drawn"), entry) | {"compare": ["drawn"]}


SPACE = {"learning_rate": {"log": [1e-4, 0.1]}, "hidden_dim": {"int": [64, 512]}}


def test_a_random_search_is_accepted():
    plan = check_experiments(
        random_search(space=SPACE | {"dropout": [0.0, 0.5], "momentum": {"uniform": [0, 0.9]}})
    )
    candidates = plan["cifar10"].candidates("drawn")
    assert len(candidates) == 4
    assert candidates[0].keys() == {"learning_rate", "hidden_dim", "dropout", "momentum"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"grid": {"dropout": [0.0]}}, "tune has both grid and space; delete one of them."),
        ({"space": None, "n": None}, "tune has no grid; add one, or n and space for a random search."),
        ({"n": None}, "tune.n is missing; give the number of candidates to draw from space."),
        ({"space": None, "grid": {"dropout": [0.0]}}, "tune.n is 4; it belongs to space"),
        ({"n": 0}, "tune.n is 0; it must be at least 1."),
        ({"space": {}}, "tune.space is empty or too short; give at least 1."),
    ],
)
def test_invalid_searches_are_refused(change, sentence):
    assert f"models.drawn.{sentence}" in refusal(random_search(**change))


@pytest.mark.parametrize(
    ("key", "values", "sentence"),
    [
        ("learning_rate", {"log": [0, 0.1]}, "log.0 is 0; it must be more than 0."),
        (
            "learning_rate",
            {"log": [0.1, 0.1]},
            "log is [0.1, 0.1]; the first bound must be less than the second.",
        ),
        ("learning_rate", {"log": [0.1]}, "log is empty or too short; give at least 2."),
        ("learning_rate", {"log": [1, 2], "int": [1, 2]}, "give at most 1 of these keys."),
        ("learning_rate", {"normal": [0, 1]}, "normal is not a key of the configuration; "),
        ("learning_rate", 0.1, " is 0.1; it must be a list or a mapping of keys to values."),
        ("learning_rate", [0.1, -1], "1 is -1; it must be "),
        ("dropout", {"uniform": [0, 2]}, "uniform.1 is 2.0; it must be "),
        ("hidden_dim", {"int": [0, 64]}, "int.0 is 0; it must be "),
        ("hidden_dim", {"int": [1.5, 64]}, "int.0 is 1.5; it must be a whole number."),
        ("hidden_dim", {"log": [1, 64]}, "log has floats; hidden_dim must be "),
        ("flip", {"int": [0, 1]}, "int.0 is 0; it must be "),
        ("flips", [True], "flips is now called flip; write models.drawn.tune.space.flip instead."),
        ("hidden_dimm", [64], "did you mean hidden_dim?"),
    ],
)
def test_invalid_ranges_are_refused(key, values, sentence):
    said = refusal(random_search(space=SPACE | {key: values}))
    assert "models.drawn.tune.space." in said
    assert sentence in said


def test_n_is_at_most_the_number_of_candidates():
    sentence = "models.drawn.tune.n is 4; it must be at most 3, the number of different candidates in space."
    space = {"hidden_dim": {"int": [64, 66]}, "learning_rate": [0.1]}
    assert refusal(random_search(space=space)) == sentence
    check_experiments(random_search(space=space, n=3))


def test_bounds_are_checked_even_if_they_are_not_drawn():
    entry = {"family": "knn", "tune": {"folds": 2, "n": 1, "space": {"n_neighbors": {"int": [1, 60000]}}}}
    said = refusal(changed(("models", "drawn"), entry) | {"compare": ["drawn"]})
    limit = "25000, the number of training images in a fold of 2."
    assert said == f"models.drawn.tune.space.n_neighbors is 60000; it must be at most {limit}"
