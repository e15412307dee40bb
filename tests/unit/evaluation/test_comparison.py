"""The comparison of all models: table, agreement, tests and verdict."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compare_models
import evaluate_model
from cifarbench.evaluation.comparison import (
    best_per_family_disagreement,
    comparison_table,
    model_agreement,
    to_latex,
)
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import read_csv
from cifarbench.runtime.failures import Failure
from helpers.jobs import run_job


def metrics(accuracy: float) -> dict[str, Any]:
    names = ("balanced_accuracy", "mcc", "cohen_kappa", "average_precision", "ece")
    return {
        **dict.fromkeys(names, accuracy),
        **{f"{name}_ci95": [accuracy - 0.05, accuracy + 0.05] for name in names},
        "roc_auc": {"macro": accuracy + 0.2, "weighted": accuracy + 0.3},
        "roc_auc_ci95": {"macro": [accuracy, 1.0], "weighted": [accuracy + 0.1, 1.0]},
        **dict.fromkeys(["log_loss", "log_loss_ci95", "brier", "brier_ci95", "top5_accuracy"]),
        "top5_accuracy_ci95": None,
        "n_test": 1000,
        "accuracy": accuracy,
        "accuracy_ci95": [accuracy - 0.03, accuracy + 0.03],
        "macro": {"f1": accuracy - 0.01},
        "macro_f1_ci95": [accuracy - 0.04, accuracy + 0.02],
        "top2_accuracy": accuracy + 0.1,
    }


def fit(kind: str, n_parameters: int | None = None, features: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "family_label": kind,
        "features": [{"name": name, "type": "pca", "params": {}} for name in features],
        "tuning_seconds": None,
        "has_probabilities": True,
        "fit_seconds": 2.0,
        "predict_seconds": 0.5,
        "peak_memory_mb": 300.0,
        "stored_mb": 1.5,
        "n_parameters": n_parameters,
    }


def three_models(failures: dict[str, str] | None = None) -> dict[str, list]:
    runs = ["net", "net/seed_1", "net/seed_7", "network_two", "near"]
    scores = dict(zip(runs, map(metrics, (0.5, 0.52, 0.57, 0.6, 0.4)), strict=True))
    fits = {
        "net": fit("perceptrons", 1234567),
        "network_two": fit("perceptrons", 10),
        "near": fit("nearest neighbours", features=("edges", "pca")) | {"tuning_seconds": 1.5},
    }
    return comparison_table({"net": "mlp", "network_two": "mlp", "near": "knn"}, scores, fits, failures or {})


def rows_of(columns: dict[str, list]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_columns_have_a_row_per_model_in_order():
    columns = three_models()
    assert columns["model"] == ["net", "network_two", "near"]
    assert columns["n_parameters"] == [1234567, 10, None]
    assert columns["predict_ms_per_image"] == [0.5, 0.5, 0.5]
    assert list(columns)[-5:] == ["family_label", "features", "tuning_seconds", "pretrained", "error"]
    assert columns["family_label"] == ["perceptrons", "perceptrons", "nearest neighbours"]
    assert columns["features"] == [None, None, "edges > pca"]
    assert columns["tuning_seconds"] == [None, None, 1.5]
    # Files of versions without the key.
    assert columns["pretrained"] == [False] * 3
    assert columns["error"] == [None] * 3
    assert columns["mcc"] == [0.5, 0.6, 0.4]
    assert columns["ece_low"] == pytest.approx([0.45, 0.55, 0.35])
    assert columns["roc_auc_macro"] == pytest.approx([0.7, 0.8, 0.6])
    assert columns["roc_auc_weighted_low"] == pytest.approx([0.6, 0.7, 0.5])
    assert columns["log_loss"] == columns["brier_high"] == [None] * 3


def test_seed_statistics_are_separate_from_the_interval_of_the_accuracy():
    columns = three_models()
    assert columns["n_seeds"] == [3, 1, 1]
    assert columns["accuracy_seed_mean"] == [pytest.approx(0.53), None, None]
    assert columns["accuracy_seed_std"] == [pytest.approx(np.std([0.5, 0.52, 0.57], ddof=1)), None, None]
    # Accuracy and interval are those of the first seed.
    assert columns["accuracy"][0] == 0.5
    assert (columns["accuracy_low"][0], columns["accuracy_high"][0]) == (0.47, 0.53)


def test_agreement_counts_images_correct_by_all_by_none_and_by_one():
    y_true = np.array([0, 1, 2, 0, 1])
    answers = {"a": np.array([0, 1, 1, 1, 0]), "b": np.array([0, 0, 1, 1, 1]), "c": np.array([0, 0, 0, 2, 0])}
    found = model_agreement(y_true, answers, ["x", "y", "z"])
    assert found["correct_by_all"]["count"] == 1
    wrong = {"indices": [2, 3], "true": ["z", "x"], "predicted": ["y", "y"], "votes": [2, 2]}
    assert found["correct_by_none"] == {"count": 2, **wrong}
    assert found["correct_by_one"] == {
        "a": {"count": 1, "indices": [1]},
        "b": {"count": 1, "indices": [4]},
        "c": {"count": 0, "indices": []},
    }


def test_the_best_model_is_compared_with_the_best_of_each_other_family():
    y_true = np.array([0, 1, 2, 0, 1, 2])
    answers = {
        "near": np.array([0, 1, 0, 1, 1, 0]),
        "nearer": np.array([0, 1, 2, 1, 0, 0]),
        "net": np.array([0, 1, 0, 0, 1, 2]),
        "line": np.array([1, 0, 2, 1, 1, 0]),
        "seen": y_true,
    }
    kinds = {"near": "neighbours", "nearer": "neighbours", "net": "networks", "line": "lines"}
    assert best_per_family_disagreement(y_true, answers, kinds) == {
        "best": "net",
        # Image 1 is correct by `near` as well; of `near` and `nearer` with equal accuracy, the first is chosen.
        "only_best": {"count": 2, "indices": [3, 5]},
        "others": [
            {"model": "near", "family_label": "neighbours", "only_other": {"count": 0, "indices": []}},
            {"model": "line", "family_label": "lines", "only_other": {"count": 1, "indices": [2]}},
        ],
    }
    assert best_per_family_disagreement(y_true, answers, {"net": "networks"})["others"] == []
    assert best_per_family_disagreement(y_true[:0], {}, {}) == {
        "best": None,
        "only_best": {"count": 0, "indices": []},
        "others": [],
    }


def test_pretrained_models_are_marked():
    fits = {"net": fit("perceptrons"), "seen": fit("linear models") | {"pretrained": True}}
    columns = comparison_table(
        {"net": "mlp", "seen": "knn"}, {"net": metrics(0.5), "seen": metrics(0.9)}, fits, {}
    )
    assert columns["pretrained"] == [False, True]


def test_unknown_costs_are_none():
    unknown = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb")
    fits = {"theirs": fit("predictions from files") | dict.fromkeys(unknown)}
    columns = comparison_table({"theirs": "predictions"}, {"theirs": metrics(0.5)}, fits, {})
    assert columns["predict_ms_per_image"] == columns["fit_seconds"] == [None]
    assert to_latex(rows_of(columns)).count("--") == 5


def test_latex_table_has_a_row_per_model():
    lines = to_latex(rows_of(three_models())).splitlines()
    assert lines[0] == "\\begin{tabular}{lllrrrrr}"
    assert lines[-1] == "\\end{tabular}"
    assert [line for line in lines if line.endswith("rule")] == ["\\toprule", "\\midrule", "\\bottomrule"]
    assert " network\\_two & 0.600 [0.570, 0.630]" in lines[5]
    assert "1,234,567" in lines[4]
    assert to_latex([]).startswith("\\begin{tabular}{lllrrrrr}")


# ---- the scripts, from predictions to comparison ----


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Write predictions of two models on 200 images, one of them trained with two seeds."""
    rng = np.random.default_rng(0)
    write_json(tmp_path / "data/dataset.json", {"classes": ["a", "b", "c"], "image_shape": [3, 2, 2]})
    save_npy(tmp_path / "data/test_images.npy", rng.integers(256, size=(200, 12), dtype=np.uint8))
    y_true = rng.integers(3, size=200)
    save_npy(tmp_path / "data/train_labels.npy", np.repeat([0, 1, 2], [50, 30, 20]))
    for name, skill in {"near": 0.5, "net": 2, "net/seed_1": 2}.items():
        proba = np.exp(rng.normal(size=(200, 3)) + skill * np.eye(3)[y_true])
        proba = (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        np.savez(folder / "predictions.npz", y_true=y_true, y_pred=proba.argmax(axis=1), proba=proba)
        write_json(folder / "fit.json", fit("any"))
        run_job(
            evaluate_model,
            {
                "predictions": folder / "predictions.npz",
                "fit": folder / "fit.json",
                "test_images": tmp_path / "data/test_images.npy",
                "dataset": tmp_path / "data/dataset.json",
            },
            {"metrics": folder / "metrics.json"},
            {"seed": 0},
            code="a1b2",
        )
    return tmp_path


def compare(run: Path, models: list[str], runs: list[str], metric: str = "accuracy") -> None:
    run_job(
        compare_models,
        {
            "predictions": [run / f"models/{name}/predictions.npz" for name in runs],
            "fits": [run / f"models/{model}/fit.json" for model in models],
            "metrics": [run / f"models/{name}/metrics.json" for name in runs],
            "dataset": run / "data/dataset.json",
            "train_labels": run / "data/train_labels.npy",
        },
        {
            "comparison": run / "comparison.csv",
            "latex_table": run / "comparison.tex",
            "tests": run / "paired_tests.csv",
            "agreement": run / "model_agreement.json",
            "verdict": run / "verdict.json",
        },
        {"models": models, "runs": runs, "families": dict.fromkeys(models, "some")}
        | {"metric": metric, "margin": 0.01, "seed": 0},
    )


def test_the_scripts_compare_two_models(run):
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"])
    near, net = read_csv(run / "comparison.csv")
    assert (near["model"], net["model"]) == ("near", "net")
    assert near["accuracy"] < net["accuracy"]
    assert near["n_parameters"] is near["accuracy_seed_mean"] is None
    assert (near["n_seeds"], net["n_seeds"]) == (1, 2)
    with open(run / "paired_tests.csv", newline="") as file:
        header, row = list(csv.reader(file))
    assert header[:5] == ["model_a", "model_b", "accuracy_difference", "ci_low", "ci_high"]
    assert header[5:7] == ["p_value", "p_value_adjusted"]
    assert row[:2] == ["near", "net"]
    assert float(row[2]) == pytest.approx(near["accuracy"] - net["accuracy"])
    found = read_json(run / "model_agreement.json")
    with np.load(run / "models/near/predictions.npz") as arrays:
        right = arrays["y_true"] == arrays["y_pred"]
    assert set(found["correct_by_one"]["near"]["indices"]) <= set(np.flatnonzero(right))


def test_the_verdict_has_ranks_variance_and_baselines(run):
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"])
    near, net = read_csv(run / "comparison.csv")
    assert [(row["rank"], row["rank_low"], row["rank_high"]) for row in (near, net)] == [(2, 2, 2), (1, 1, 1)]
    assert (net["p_best"], net["tied_with_best"], near["tied_with_best"]) == (1, True, False)
    (pair,) = read_csv(run / "paired_tests.csv")
    assert pair["verdict"] == "different"
    assert pair["equivalence_p_value"] > 0.99
    # One of the models was trained with two seeds.
    assert pair["seeds_ci_low"] < pair["seeds_difference"] < pair["seeds_ci_high"] < 0
    verdict = read_json(run / "verdict.json")
    assert verdict["best"]["model"] == "net"
    assert verdict["best"]["corrected"] == pytest.approx(verdict["best"]["value"], abs=0.005)
    assert verdict["significantly_better"] == {"near": [], "net": ["near"]}
    assert list(verdict["variance"]) == ["net"]
    assert sum(verdict["variance"]["net"].values()) == pytest.approx(1)
    assert verdict["class_counts"] == [50, 30, 20]
    # Predictions drawn from the class shares of the training images.
    with np.load(run / "models/near/predictions.npz") as arrays:
        shares = np.bincount(arrays["y_true"]) / 200
    assert verdict["baselines"]["majority"] == {
        "class": 0,
        "accuracy": pytest.approx(shares[0]),
        "balanced_accuracy": pytest.approx(1 / 3),
    }
    stratified = verdict["baselines"]["stratified"]
    assert stratified["accuracy"] == pytest.approx(shares @ [0.5, 0.3, 0.2], abs=0.01)


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "macro_f1", "balanced_accuracy"])
def test_another_metric_ranks_the_models(run, metric):
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"], metric)
    near, net = read_csv(run / "comparison.csv")
    assert (near["rank"], net["rank"], net["p_best"]) == (2, 1, 1)
    verdict = read_json(run / "verdict.json")
    assert (verdict["metric"], verdict["best"]["model"]) == (metric, "net")
    assert verdict["significantly_better"]["net"] == ["near"]
    low, high = verdict["best"]["ci95"]
    assert low < verdict["best"]["value"] < high
    expected = {"log_loss": 1.17, "roc_auc": 0.5, "macro_f1": 0.23, "balanced_accuracy": 1 / 3}[metric]
    assert verdict["baselines"]["majority"][metric] == pytest.approx(expected, abs=0.1)


def record_failure(run: Path, name: str, *files: str) -> None:
    for file in files or ("predictions.npz", "fit.json", "metrics.json"):
        Failure(name.partition("/")[0], "train_network", "it broke").write(run / "models" / name / file)


def test_a_failed_model_is_excluded_from_tests(run):
    record_failure(run, "near")
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"])
    near, net = read_csv(run / "comparison.csv")
    assert (near["model"], near["family"], near["error"]) == ("near", "some", "train_network: it broke")
    assert near["accuracy"] is near["n_seeds"] is net["error"] is None
    assert (net["accuracy"] > 0.5, net["n_seeds"]) == (True, 2)
    assert read_csv(run / "paired_tests.csv") == []
    assert list(read_json(run / "model_agreement.json")["correct_by_one"]) == ["net"]
    assert "near" not in (run / "comparison.tex").read_text()


def test_a_failed_seed_is_excluded_from_the_mean(run):
    record_failure(run, "net/seed_1")
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"])
    _, net = read_csv(run / "comparison.csv")
    assert (net["n_seeds"], net["accuracy_seed_mean"], net["error"]) == (1, None, None)
    assert len(read_csv(run / "paired_tests.csv")) == 1


def test_all_files_are_written_if_all_models_failed(run):
    for name in ("near", "net", "net/seed_1"):
        record_failure(run, name)
    compare(run, ["near", "net"], ["near", "net", "net/seed_1"])
    assert [row["error"] for row in read_csv(run / "comparison.csv")] == ["train_network: it broke"] * 2
    assert read_csv(run / "paired_tests.csv") == []
    found = read_json(run / "model_agreement.json")
    assert (found["n_models"], found["correct_by_all"]["count"], found["correct_by_none"]["count"]) == (
        0,
        0,
        0,
    )
    assert (run / "comparison.tex").read_text().startswith("\\begin{tabular}")
