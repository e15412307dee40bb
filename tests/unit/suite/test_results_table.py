"""The table of all runs: refusal of incomparable rows, and rows of failed runs."""

import pytest

from cifarbench.errors import UserError
from cifarbench.io.csv_io import drop_failed
from cifarbench.suite.results_table import COLUMNS, check_comparable, fully_randomized_runs
from cifarbench.suite.results_table import run_record as row_of
from helpers.simulated import row

FIT = {"family_label": "perceptrons", "fit_seconds": 1.5, "predict_seconds": 0.1, "peak_memory_mb": 200.0}
FIT |= {"stored_mb": 0.1, "n_parameters": 10}
SCORES = {"n_test": 20, "accuracy": 0.5, "accuracy_ci95": [0.3, 0.7], "macro": {"f1": 0.4}}
ABOUT = {
    "dataset": "one",
    "model": "net",
    "seed": 3,
    "split": 0,
    "train_size": 50,
    "full_train": False,
    "varied_factor": "train_size",
}


def test_a_row_has_scores_costs_and_provenance():
    found = row_of(
        ABOUT, FIT, SCORES | {"provenance": {"test_set_hash": "images", "code_hash": "code"}}, None
    )
    assert list(found) == list(COLUMNS)
    assert (found["accuracy"], found["accuracy_low"], found["accuracy_high"]) == (0.5, 0.3, 0.7)
    assert (found["test_set_hash"], found["code_hash"], found["fit_seconds"]) == ("images", "code", 1.5)


def test_a_failed_run_is_a_row_with_the_reason():
    found = row_of(ABOUT, None, None, "train_network: the loss is nan")
    assert found["accuracy"] is None
    assert found["error"] == "train_network: the loss is nan"
    assert drop_failed([found]) == []


def test_scores_of_an_older_version_are_refused():
    with pytest.raises(UserError, match=r"net on one \(seed 3, 50 images\) are from an older version"):
        row_of(ABOUT, FIT, SCORES, None)


def test_rows_of_other_test_images_are_refused():
    rows = [row("knn", 0.5), row("net", 0.6), row("net", 0.6, test_set_hash="other images", seed=4)]
    with pytest.raises(
        UserError, match=r"net on one \(seed 4\) was scored on other test images than knn on one"
    ):
        check_comparable(rows)


def test_rows_of_other_scoring_code_are_refused_on_all_datasets():
    rows = [row("knn", 0.5), row("knn", 0.5, dataset="two", code_hash="older code")]
    with pytest.raises(
        UserError, match=r"knn on two was scored by other code than knn on one \(older code, not"
    ):
        check_comparable(rows)


def test_other_datasets_and_splits_may_have_other_test_images():
    rows = [row("knn", 0.5), row("knn", 0.5, dataset="two"), row("knn", 0.5, split=1, varied_factor="split")]
    assert check_comparable(rows) == rows


def test_fully_randomized_runs_vary_the_split_and_the_seed_if_any():
    rows = [
        *(row("knn", 0.1), row("knn", 0.2, split=1, varied_factor="split")),
        *(
            row("net", 0.3),
            row("net", 0.4, split=1, varied_factor="split"),
            row("net", 0.5, split=1, varied_factor="all"),
        ),
        row("net", 0.9, varied_factor="init_seed"),
    ]
    for order in (rows, rows[::-1]):
        found = fully_randomized_runs(order)
        assert {
            model: {split: one["accuracy"] for split, one in of.items()} for model, of in found.items()
        } == {
            "knn": {0: 0.1, 1: 0.2},
            "net": {0: 0.3, 1: 0.5},
        }


def test_failed_runs_are_not_replaced():
    rows = [
        row("net", 0.5),
        row("net", 0.6, split=1, varied_factor="split"),
        row("net", 0.7, split=1, varied_factor="all", seed=1),
        row("net", 0.6, split=2, varied_factor="split"),
        row("net", None, split=2, varied_factor="all", seed=2, error="train_network: the loss is nan"),
    ]
    assert {split: one["accuracy"] for split, one in fully_randomized_runs(rows)["net"].items()} == {
        0: 0.5,
        1: 0.7,
    }
