"""Weighted metrics, compared with scikit-learn's and with resampled images, and coverage of intervals."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.preprocessing import label_binarize

from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.evaluation.weighted_metrics import (
    METRICS,
    WeightedPredictions,
    evaluate_metric,
    metrics_with_intervals,
    percentile_interval,
    resample_weights,
)


def draw(
    n: int, n_classes: int, seed: int = 0, present: list[int] | None = None, skill: float = 1.2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true classes, predictions and probabilities of an imperfect model. present: classes in the test set."""
    rng = np.random.default_rng(seed)
    y_true = rng.choice(range(n_classes) if present is None else present, size=n)
    logits = rng.normal(size=(n, n_classes)) + skill * np.eye(n_classes)[y_true]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y_true, proba.argmax(axis=1), proba


def votes(n: int, n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shares of five votes as of k-NN, with many ties and zeros, in float32."""
    y_true, _, proba = draw(n, n_classes, seed=3)
    rng = np.random.default_rng(4)
    shares = np.array([rng.multinomial(5, row) for row in proba], np.float32) / np.float32(5)
    return y_true, shares.argmax(axis=1), shares


def expected(y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray) -> dict[str, float]:
    """Return scikit-learn's metrics; ROC AUC is averaged over the classes for which it is defined."""
    n_classes, eps = proba.shape[1], np.finfo(proba.dtype).eps
    labels = list(range(n_classes))
    one_hot = label_binarize(y_true, classes=[*labels, n_classes])[:, :n_classes]
    present = [label for label in labels if 0 < one_hot[:, label].sum() < len(y_true)]
    areas = [sk.roc_auc_score(one_hot[:, label], proba[:, label]) for label in present]
    shares = one_hot.sum(axis=0)[present]
    return {
        "accuracy": sk.accuracy_score(y_true, y_pred),
        "balanced_accuracy": sk.balanced_accuracy_score(y_true, y_pred),
        "macro_f1": sk.f1_score(y_true, y_pred, labels=labels, average="macro", zero_division=0),
        "mcc": sk.matthews_corrcoef(y_true, y_pred),
        "cohen_kappa": sk.cohen_kappa_score(y_true, y_pred),
        # Clip in the dtype of the probabilities as scikit-learn does, then compute in float64.
        "log_loss": sk.log_loss(y_true, np.clip(proba, eps, 1 - eps).astype(float), labels=labels),
        "brier": sk.brier_score_loss(y_true, proba.astype(float), labels=labels),
        "roc_auc.macro": np.mean(areas) if areas else np.nan,
        "roc_auc.weighted": np.average(areas, weights=shares) if areas else np.nan,
        "average_precision": sk.average_precision_score(one_hot, proba, average="macro"),
    }


CASES = {
    "random": draw(700, 4),
    "two classes": draw(300, 2, seed=1),
    "ten classes": draw(500, 10, seed=2),
    "votes": votes(400, 5),
    "a missing class": draw(300, 4, seed=5, present=[0, 1, 3]),
    "one true class": draw(60, 3, seed=6, present=[1]),
    "always right": (np.arange(30) % 3, np.arange(30) % 3, np.eye(3)[np.arange(30) % 3]),
    "always wrong": (np.arange(30) % 3, (np.arange(30) + 1) % 3, np.eye(3)[(np.arange(30) + 1) % 3]),
    "constant": (np.arange(40) % 4, np.zeros(40, int), np.full((40, 4), 0.25)),
    "all of one class": (np.ones(9, int), np.ones(9, int), np.eye(2)[np.ones(9, int)]),
    "one image": (np.array([2]), np.array([1]), np.array([[0.1, 0.5, 0.4]])),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_metrics_equal_scikit_learns(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = expected(*case)
    for name, value in wanted.items():
        found = evaluate_metric(name, *case)
        if np.isnan(value):
            assert found is None, name
        else:
            assert found == pytest.approx(value, abs=1e-9), name


def test_roc_auc_equals_scikit_learns_average_if_all_classes_are_present():
    y_true, y_pred, proba = CASES["random"]
    for average in ("macro", "weighted"):
        wanted = sk.roc_auc_score(y_true, proba, multi_class="ovr", average=average)
        assert evaluate_metric(f"roc_auc.{average}", y_true, y_pred, proba) == pytest.approx(wanted, abs=1e-9)


def test_top_5_equals_scikit_learns_and_needs_ten_classes():
    y_true, y_pred, proba = CASES["ten classes"]
    found = compute_metrics(y_true, y_pred, proba, [f"c{i}" for i in range(10)], seed=0)
    assert found["top5_accuracy"] == pytest.approx(sk.top_k_accuracy_score(y_true, proba, k=5))
    assert found["top5_accuracy_ci95"][0] < found["top5_accuracy"] < found["top5_accuracy_ci95"][1]
    assert compute_metrics(*CASES["random"], list("abcd"), seed=0)["top5_accuracy"] is None


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("case", ["random", "votes", "a missing class"])
def test_weights_are_equivalent_to_repeated_images(name, case):
    y_true, y_pred, proba = CASES[case]
    weights = resample_weights(len(y_true), seed=0)[:, :3]
    found = METRICS[name](WeightedPredictions(y_true, y_pred, proba, weights))
    for column, value in zip(weights.T, found, strict=True):
        rows = np.repeat(np.arange(len(y_true)), column.astype(int))
        assert value == pytest.approx(
            evaluate_metric(name, y_true[rows], y_pred[rows], proba[rows]), abs=1e-9
        )


def test_resamples_have_the_size_of_the_test_set_and_depend_on_the_seed():
    weights = resample_weights(50, seed=0)
    assert (weights.sum(axis=0) == 50).all()
    assert np.array_equal(weights, resample_weights(50, seed=0))
    assert not np.array_equal(weights, resample_weights(50, seed=1))
    # The number of resamples is reduced to bound the memory.
    assert resample_weights(200_000, seed=0).shape[1] == 250


def test_intervals_contain_their_values_and_are_none_for_undefined_metrics():
    for name, case in CASES.items():
        for metric, (value, interval) in metrics_with_intervals(*case, seed=0, probabilities=True).items():
            assert (value is None) == (interval is None), (name, metric)
            if value is not None and name in ("random", "votes", "ten classes"):
                assert interval[0] <= value <= interval[1], (name, metric)
    without = metrics_with_intervals(*CASES["random"], seed=0, probabilities=False)
    assert [name for name, (value, _) in without.items() if value is not None] == [
        "balanced_accuracy",
        "mcc",
        "cohen_kappa",
    ]


@pytest.mark.parametrize("name", ["balanced_accuracy", "mcc", "log_loss", "brier", "roc_auc.macro"])
def test_intervals_have_nominal_coverage(name):
    """Of the intervals of 100 test sets, about 95 contain the score on a very large test set."""
    truth = evaluate_metric(name, *draw(200_000, 3, seed=99))
    covered = 0
    for seed in range(100):
        y_true, y_pred, proba = draw(300, 3, seed)
        weights = resample_weights(300, seed)[:, :400]
        values = METRICS[name](WeightedPredictions(y_true, y_pred, proba, weights))
        low, high = percentile_interval(values)
        covered += low <= truth <= high
    # At a coverage of 95%, the probability of fewer than 88 of 100 is 1/500.
    assert covered >= 88
