"""Metrics of a model, compared with scikit-learn's, and edge cases."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import classification_report, confusion_matrix, f1_score, top_k_accuracy_score

from cifarbench.evaluation import statistics
from cifarbench.evaluation.calibration import reliability_curve
from cifarbench.evaluation.metrics import _macro_f1, compute_metrics, macro_f1_interval, top_k_hits

CLASSES = ["ant", "bee", "cow", "dog"]


def score_labels(y_true: list[int] | np.ndarray, y_pred: list[int] | np.ndarray) -> dict[str, Any]:
    """Return the metrics of a model whose predicted classes have probability 1."""
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    return compute_metrics(y_true, y_pred, np.eye(len(CLASSES), dtype=np.float32)[y_pred], CLASSES, seed=0)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true classes, predictions and probabilities of an imperfect model on 3000 images."""
    rng = np.random.default_rng(0)
    y_true = rng.integers(4, size=3000)
    logits = rng.normal(size=(3000, 4)) + 1.2 * np.eye(4)[y_true]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y_true, proba.argmax(axis=1), proba


def test_metrics_equal_scikit_learns_report(drawn):
    y_true, y_pred, proba = drawn
    found = compute_metrics(y_true, y_pred, proba, CLASSES, seed=0)
    report = classification_report(y_true, y_pred, target_names=CLASSES, output_dict=True)
    assert found["accuracy"] == report["accuracy"]
    for name, expected in [("macro", report["macro avg"]), ("weighted", report["weighted avg"])]:
        assert list(found[name].values()) == [expected[key] for key in ("precision", "recall", "f1-score")]
    for name in CLASSES:
        assert list(found["per_class"][name].values()) == list(report[name].values())
    assert np.sum(found["confusion_matrix"]) == len(y_true)
    assert found["confusion_matrix"][0][1] == np.sum((y_true == 0) & (y_pred == 1))


def test_macro_f1_of_matrices_equals_scikit_learns(drawn):
    y_true, y_pred, _ = drawn
    chosen = np.random.default_rng(1).integers(len(y_true), size=(20, 50))
    expected = [
        f1_score(y_true[rows], y_pred[rows], labels=range(4), average="macro", zero_division=0)
        for rows in chosen
    ]
    matrices = [confusion_matrix(y_true[rows], y_pred[rows], labels=range(4)) for rows in chosen]
    assert _macro_f1(np.array(matrices)) == pytest.approx(expected, abs=1e-12)


def test_macro_f1_intervals_cover_with_a_small_class():
    """The class has about five images per test set and a recall of 0.4."""
    rng = np.random.default_rng(0)
    shares = np.array([[0.44, 0.05, 0.0], [0.05, 0.45, 0.0], [0.003, 0.003, 0.004]])
    truth = float(_macro_f1(shares))
    matrices = rng.multinomial(500, shares.ravel() / shares.sum(), size=100).reshape(-1, 3, 3)
    intervals = [macro_f1_interval(matrix, seed=0) for matrix in matrices]
    assert sum(low <= truth <= high for low, high in intervals) >= 88


def test_macro_f1_interval_contains_the_value_and_depends_on_the_seed(drawn):
    one, again, other = (compute_metrics(*drawn, CLASSES, seed=seed) for seed in (0, 0, 1))
    low, high = one["macro_f1_ci95"]
    assert low < one["macro"]["f1"] < high
    assert high - low < 0.05
    assert one == again
    assert one["macro_f1_ci95"] != other["macro_f1_ci95"]


# ---- edge cases ----


def test_a_class_that_is_never_predicted_has_precision_zero():
    found = score_labels([0, 1, 2, 3], [0, 1, 2, 2])
    assert found["per_class"]["dog"] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}
    assert found["macro"]["precision"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_a_class_absent_from_the_test_set_has_no_support():
    found = score_labels([0, 1, 2, 2], [0, 1, 2, 3])
    assert found["per_class"]["dog"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert found["confusion_matrix"][3] == [0, 0, 0, 0]


def test_perfect_predictions():
    found = score_labels([0, 1, 2, 3], [0, 1, 2, 3])
    assert found["accuracy"] == found["macro"]["f1"] == found["weighted"]["f1"] == 1
    assert found["accuracy_ci95"][1] == pytest.approx(1)
    assert found["confused_pairs"] == []
    assert found["ece"] == 0
    assert found["top3"]["recall"] == ["ant", "bee", "cow"]


labels = st.integers(0, len(CLASSES) - 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(labels, labels, st.integers(0, 99)), min_size=1, max_size=30))
def test_metrics_of_random_predictions_are_consistent(rows):
    y_true, y_pred, draw = np.array(rows).T
    proba = np.array([np.random.default_rng(seed).dirichlet(np.ones(4)) for seed in draw]).astype(np.float32)
    # Swap probabilities so that the prediction has the largest.
    likeliest = proba.argmax(axis=1)
    proba[np.arange(len(rows)), likeliest], proba[np.arange(len(rows)), y_pred] = (
        proba[np.arange(len(rows)), y_pred],
        proba.max(axis=1),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "N_RESAMPLES", 20)
        found = compute_metrics(y_true, y_pred, proba, CLASSES, seed=0)
    json.dumps(found, allow_nan=False)
    low, high = found["accuracy_ci95"]
    assert 0 <= low <= found["accuracy"] <= high <= 1
    assert found["accuracy"] <= found["top2_accuracy"] <= 1
    assert 0 <= found["ece"] <= 1
    assert sum(found["reliability"]["count"]) == len(rows)
    assert np.trace(found["confusion_matrix"]) / len(rows) == pytest.approx(found["accuracy"])
    for pair in found["confused_pairs"]:
        assert pair["true_class"] != pair["predicted_class"]
        assert {CLASSES[y_true[i]] for i in pair["indices"]} == {pair["true_class"]}
        assert {CLASSES[y_pred[i]] for i in pair["indices"]} == {pair["predicted_class"]}


# ---- top-k accuracy ----


def test_top_2_equals_scikit_learns_without_ties(drawn):
    y_true, _, proba = drawn
    assert top_k_hits(y_true, proba, 2).mean() == pytest.approx(top_k_accuracy_score(y_true, proba, k=2))


def test_ties_are_broken_by_the_order_of_classes():
    proba = np.array([[0.2, 0.4, 0.4, 0.0], [1 / 3, 1 / 3, 1 / 3, 0.0]])
    assert top_k_hits(np.array([1, 0]), proba, 1).tolist() == [True, True]
    assert top_k_hits(np.array([2, 2]), proba, 2).tolist() == [True, False]


def test_a_class_with_probability_zero_is_not_in_the_top_2():
    proba = np.array([[0.0, 1.0, 0.0, 0.0]])
    assert not top_k_hits(np.array([0]), proba, 2).any()


def test_without_probabilities_metrics_of_confidence_are_none(drawn):
    y_true, y_pred, proba = drawn
    told = compute_metrics(y_true, y_pred, proba, CLASSES, seed=0)
    untold = compute_metrics(y_true, y_pred, np.eye(4)[y_pred], CLASSES, seed=0, probabilities=False)
    names = {"ece", "mean_confidence", "reliability"}
    names |= {"top2_accuracy", "top2_accuracy_ci95", "selective"}
    names |= {f"{name}{end}" for name in ("log_loss", "brier", "average_precision") for end in ("", "_ci95")}
    # Four classes are too few for the five most probable ones.
    names |= {"ece_ci95", "top5_accuracy", "top5_accuracy_ci95"}
    assert {name for name, value in untold.items() if value is None} == names
    assert untold["roc_auc"] == untold["roc_auc_ci95"] == {"macro": None, "weighted": None}
    names |= {"roc_auc", "roc_auc_ci95"}
    assert list(untold) == list(told)
    others = told.keys() - names - {"confused_pairs"}
    assert {name: untold[name] for name in others} == {name: told[name] for name in others}


# ---- confused classes ----


def test_confused_pairs_are_sorted_by_count_then_by_class():
    y_true = [0] * 3 + [1] * 2 + [2] * 2 + [3]
    y_pred = [1] * 3 + [0] * 2 + [3] * 2 + [3]
    pairs = score_labels(y_true, y_pred)["confused_pairs"]
    assert [(p["true_class"], p["predicted_class"], p["count"]) for p in pairs] == [
        ("ant", "bee", 3),
        ("bee", "ant", 2),
        ("cow", "dog", 2),
    ]
    assert [p["rate"] for p in pairs] == [1, 1, 1]


def test_examples_of_confused_pairs_are_the_most_confident_errors():
    y_true, y_pred = np.zeros(12, dtype=int), np.ones(12, dtype=int)
    sure = np.linspace(0.6, 0.9, 12)
    proba = np.stack([1 - sure, sure, 0 * sure, 0 * sure], axis=1)
    (pair,) = compute_metrics(y_true, y_pred, proba, CLASSES, seed=0)["confused_pairs"]
    assert pair["indices"] == [11, 10, 9, 8, 7, 6, 5, 4]
    assert pair["count"] == 12


# ---- calibration ----


def test_reliability_equals_scikit_learns_curve(drawn):
    y_true, y_pred, proba = drawn
    found = reliability_curve(y_true == y_pred, proba)["reliability"]
    accuracy, confidence = calibration_curve(y_true == y_pred, proba.max(axis=1), n_bins=10)
    assert [value for value in found["accuracy"] if value is not None] == pytest.approx(accuracy.tolist())
    assert [value for value in found["confidence"] if value is not None] == pytest.approx(
        confidence.tolist(), abs=1e-6
    )
    assert found["accuracy"][0] is found["confidence"][0] is found["accuracy_ci95"][0] is None
    for value, interval in zip(found["accuracy"], found["accuracy_ci95"], strict=True):
        assert value is None or interval[0] <= value <= interval[1]


def test_the_calibration_error_is_averaged_over_images():
    # Nine correct images of confidence 0.95, and one wrong image of 0.65.
    confidence = np.array([0.95] * 9 + [0.65])
    found = reliability_curve(confidence > 0.9, np.stack([confidence, 1 - confidence], axis=1))
    assert found["ece"] == pytest.approx(0.9 * 0.05 + 0.1 * 0.65)


@pytest.mark.parametrize("neighbors", [3, 5, 7, 10, 15])
def test_shares_of_neighbors_at_the_edge_of_a_bin_are_in_the_upper_bin(neighbors):
    for k in range(1, neighbors + 1):
        share = np.float32(k / neighbors)
        found = reliability_curve(np.array([True]), np.array([[share, 1 - share]]).clip(0, share))[
            "reliability"
        ]
        expected = min(10 * k // neighbors, 9)
        assert found["count"].index(1) == expected
