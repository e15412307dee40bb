"""One run from the archive to the report: its files and their content."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reruns import MODELS, NEIGHBORS, NETWORKS, set_key

from helpers.project import OVERLAY, Project
from helpers.tiny import CLASSES, N_TEST

METRICS = {"accuracy", "accuracy_ci95", "macro", "weighted", "per_class", "confusion_matrix", "top3"}
SCORES = {"precision", "recall", "f1"}
FIT = {"model", "family", "params", "seed", "fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb"}
FIT |= {"n_parameters", "device", "threads", "versions"}
COMPARISON = ["model", "family", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "fit_seconds"]
COMPARISON += ["predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters"]
PAIRS = ["model_a", "model_b", "accuracy_difference", "ci_low", "ci_high", "p_value", "p_value_adjusted"]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def read_rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("model", MODELS)
def test_a_model_writes_the_required_files(finished, model):
    folder = finished.results / "models" / model
    with np.load(folder / "predictions.npz") as arrays:
        y_true, y_pred, proba = arrays["y_true"], arrays["y_pred"], arrays["proba"]
    assert y_true.shape == y_pred.shape == (N_TEST,)
    assert y_true.dtype.kind == y_pred.dtype.kind == "i"
    assert proba.shape == (N_TEST, len(CLASSES))
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(proba.argmax(axis=1), y_pred)
    assert np.array_equal(y_true, np.load(finished.results / "data/test_labels.npy"))

    fit = read_json(folder / "fit.json")
    assert set(fit) >= FIT
    assert fit["model"] == model
    assert (fit["n_parameters"] is None) == (fit["seed"] is None) == (model in NEIGHBORS)
    assert min(fit["fit_seconds"], fit["predict_seconds"], fit["peak_memory_mb"], fit["stored_mb"]) > 0

    metrics = read_json(folder / "metrics.json")
    assert set(metrics) >= METRICS
    assert metrics["accuracy"] == (y_true == y_pred).mean()
    low, high = metrics["accuracy_ci95"]
    assert 0 <= low < metrics["accuracy"] < high <= 1
    assert set(metrics["macro"]) == set(metrics["weighted"]) == SCORES
    assert list(metrics["per_class"]) == CLASSES
    assert all(set(scores) == SCORES | {"support"} for scores in metrics["per_class"].values())
    matrix = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(matrix, (y_true, y_pred), 1)
    assert metrics["confusion_matrix"] == matrix.tolist()
    assert all(len(set(metrics["top3"][kind])) == 3 for kind in SCORES)


@pytest.mark.parametrize("model", NEIGHBORS)
def test_stored_neighbors_give_the_predicted_probabilities(finished, model):
    folder, labels = finished.results / "models" / model, np.load(finished.results / "data/train_labels.npy")
    with np.load(folder / "neighbors.npz") as arrays:
        neighbors, distances = arrays["neighbors"], arrays["distances"]
    votes = (labels[neighbors][:, :, None] == np.arange(len(CLASSES))).mean(axis=1)
    np.testing.assert_allclose(votes, np.load(folder / "predictions.npz")["proba"], rtol=1e-6)
    assert (np.diff(distances, axis=1) >= 0).all()


@pytest.mark.parametrize("model", NETWORKS)
def test_a_network_s_history_has_a_row_per_epoch(finished, model):
    rows = read_rows(finished.results / "models" / model / "history.csv")
    assert list(rows[0]) == ["epoch", "train_loss", "test_loss", "train_accuracy", "test_accuracy"]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    metrics = read_json(finished.results / "models" / model / "metrics.json")
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(metrics["accuracy"])


def test_models_are_compared_in_the_configuration_s_order(finished):
    rows = read_rows(finished.results / "comparison.csv")
    assert list(rows[0])[: len(COMPARISON)] == COMPARISON
    assert [row["model"] for row in rows] == MODELS
    for row in rows:
        metrics = read_json(finished.results / "models" / row["model"] / "metrics.json")
        assert float(row["accuracy"]) == metrics["accuracy"]
        assert float(row["macro_f1"]) == metrics["macro"]["f1"]
        assert (row["n_parameters"] == "") == (row["model"] in NEIGHBORS)
    pairs = read_rows(finished.results / "paired_tests.csv")
    assert list(pairs[0])[: len(PAIRS)] == PAIRS
    assert len(pairs) == len(MODELS) * (len(MODELS) - 1) / 2
    accuracy = {row["model"]: float(row["accuracy"]) for row in rows}
    for pair in pairs:
        difference = accuracy[pair["model_a"]] - accuracy[pair["model_b"]]
        assert float(pair["accuracy_difference"]) == pytest.approx(difference)
        assert 0 <= float(pair["p_value"]) <= float(pair["p_value_adjusted"]) <= 1


def test_figures_and_reports_exist(finished):
    figures = finished.results / "figures"
    for model in MODELS:
        assert (figures / model / "confusion_matrix.svg").read_text().lstrip().startswith("<?xml")
        assert (figures / model / "predictions.png").read_bytes().startswith(b"\x89PNG")
        assert (figures / model / "training.svg").exists() == (model in NETWORKS)
    page = (finished.results / "report.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "not the official" in page.lower()
    markdown = (finished.results / "report.md").read_text()
    assert all(model in page and model in markdown for model in MODELS)


def test_every_rule_writes_a_log(finished):
    logs = {
        path.relative_to(finished.results / "logs").parts[0]
        for path in finished.results.glob("logs/**/*.log")
    }
    rules = {job.split()[0] for job in finished.would_run("--forceall")}
    assert {name.removesuffix(".log") for name in logs} == rules


def test_every_model_can_be_fitted_to_a_subset_of_the_training_images(project):
    """The targets are metrics of models fitted to the first 30 images, which also contain a tuned model's folds."""
    models = ("knn_raw", "knn_grid", "mlp")
    ran = project.succeed(targets=tuple(f"models/{model}/train_30/metrics.json" for model in models))
    assert {f"evaluate_model {model}/train_30" for model in models} < ran
    assert "make_cv_splits train_30_folds_of_3" in ran
    # The results with all images are still up to date.
    assert project.would_run() == set()
    for model in models:
        folder = project.results / "models" / model
        whole, part = (read_json(folder / run / "fit.json")["stored_mb"] for run in ("", "train_30"))
        assert part == whole if model == "mlp" else part < whole


# ---- Records of runs: history, diff, explain ----


def explained(project: Project) -> list[list[str]]:
    """Return the words of each line that `make explain` prints."""
    answer = project.cifarbench("explain", "--configfile", OVERLAY)
    return [line.split() for line in answer.text.splitlines()]


def test_runs_are_kept_listed_compared_and_explained(project):
    kept = sorted(path.name for path in (project.results / "history").iterdir())
    assert len(kept) == 1
    assert " ".join(explained(project)[0]).startswith("No job would run")
    # Dry runs, runs without jobs and runs of some targets are not finished runs.
    project.configure(lambda settings: settings["models"].update(knn_raw={"n_neighbors": 3}))
    project.would_run()
    project.succeed(targets=("models/knn_raw/predictions.npz",))
    assert len(list((project.results / "history").iterdir())) == 1

    rows, expected = explained(project), project.would_run()
    fit, predictions = (f"results/tiny/models/knn_raw/{file}" for file in ("fit.json", "predictions.npz"))
    assert ["write_report", "tiny", "models.knn_raw.n_neighbors:", "5", "->", "3"] in rows
    assert ["evaluate_model", "tiny,", "knn_raw", "input", "changed:", fit] in rows
    assert ["input", "changed:", predictions] in rows
    assert any(" ".join(row).startswith(f"{len(expected)} jobs would run") for row in rows)
    assert {row[0] for row in rows if row} >= {job.split()[0] for job in expected}

    project.succeed()
    project.succeed()
    runs = sorted(path.name for path in (project.results / "history").iterdir())
    assert len(runs) == 2
    assert runs[0] == kept[0]

    listed = project.cifarbench("runs")
    assert listed.code == 0
    assert all(name.rpartition("-")[2] in listed.text for name in runs)
    compared = project.cifarbench("diff")
    assert ["models.knn_raw.n_neighbors", "5", "3"] in [line.split() for line in compared.text.splitlines()]
    # Only the costs of the model that ran again have changed.
    changed = [line.split()[0] for line in compared.text.splitlines() if "_seconds" in line]
    assert set(changed) == {"knn_raw"}
    assert (
        "| models.knn_raw.n_neighbors | 5     | 3     |" in (project.results / "history/diff.md").read_text()
    )

    # A run can be repeated with its recorded configuration.
    shutil.copy(project.results / "history" / runs[0] / "config.yaml", project.folder / OVERLAY)
    assert "predict_knn knn_raw" in project.would_run()
    shutil.copy(project.results / "history" / runs[1] / "config.yaml", project.folder / OVERLAY)
    assert project.would_run() == set()


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            "models.knn_grid.tune.grid.n_components",
            [2, 4, 6],
            "cross_validate_knn tiny, knn_grid, fold_0_of_3, n_components=6 new",
        ),
        ("figures.accuracy.color", "#123456", "plot_comparison tiny accuracy.color: #0072b2 -> #123456"),
    ],
)
def test_a_change_is_explained_by_its_key_and_values(project, key, value, line):
    project.configure(lambda settings: set_key(settings, key, value))
    assert line in [" ".join(words) for words in explained(project)]


def test_edited_code_and_lost_files_are_explained(project):
    project.edit("scripts/plot_training_curves.py", "# An edit.\n")
    (project.results / "figures/accuracy.svg").unlink()
    rows = [" ".join(words) for words in explained(project)]
    assert "plot_training_curves tiny, mlp code changed" in rows
    assert "plot_comparison tiny missing: results/tiny/figures/accuracy.svg" in rows
    assert "write_report tiny input from plot_comparison changes" in rows
    assert "input from plot_training_curves changes" in rows


@pytest.mark.parametrize("arguments", [("--config", "seed=-1"), ("--targets", "nothing/of/that/name")])
def test_explain_refuses_invalid_settings_and_targets(project, arguments):
    answer = project.cifarbench("explain", "--configfile", OVERLAY, *arguments)
    assert answer.code == 1
    assert "Traceback" not in answer.text
