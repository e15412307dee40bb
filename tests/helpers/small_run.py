"""The files of a small run on scikit-learn's digits: simulated predictions, with real metrics, plots and tables."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.datasets import load_digits
from sklearn.model_selection import ParameterGrid, train_test_split

import compare_models
import evaluate_model
import plot_comparison
import plot_grid_search
import plot_model
import plot_training_curves
import run_checks
import summarize_training_curve
from cifarbench.evaluation.grid_search import build_cv_results
from cifarbench.io.atomic import save_npy, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.models.outputs import write_fit_json, write_predictions
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.timing import resource_usage
from helpers import once
from helpers.jobs import run_job

CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
IMAGE_SHAPE = [1, 8, 8]
N_TEST = 360
NETWORK = {"hidden_dim": 24, "learning_rate": 0.02, "batch_size": 64, "epochs": 60}
FEATURES = {
    "pca": {"type": "pca", "n_components": 16, "standardize": False},
    "scaled_pca": {"type": "pca", "n_components": 16, "standardize": True},
    "edges": {"type": "hog", "orientations": 2},
}
MODELS = {
    "knn_raw": {"family": "knn", "n_neighbors": 5},
    "knn_pca": {"family": "knn", "features": "pca", "n_neighbors": 5},
    "knn_scaled_pca": {"family": "knn", "features": "scaled_pca", "n_neighbors": 5},
    "knn_grid": {
        "family": "knn",
        "features": "scaled_pca",
        "tune": {"folds": 3, "grid": {"n_components": [8, 16, 32], "n_neighbors": [3, 5, 10]}},
    },
    "mlp": {"family": "mlp", "batch_norm": False, "dropout": 0.0, **NETWORK},
    "mlp_batchnorm_dropout": {"family": "mlp", "batch_norm": True, "dropout": 0.5, **NETWORK},
}
# The notebook's models and three more: without probabilities, without parameters, and a user-defined network.
NINE = MODELS | {
    "linear_edges": {
        "family": "estimator",
        "features": "edges",
        "estimator": "sklearn.svm.LinearSVC",
        "tune": {
            "folds": 3,
            "grid": {"C": [0.01, 1], "class_weight": [None, "balanced"], "dual": [True, False]},
        },
    },
    "forest": {
        "family": "estimator",
        "estimator": "sklearn.ensemble.RandomForestClassifier",
        "params": {"n_estimators": 20},
    },
    "my_network": {"family": "network", "module": "my_code.py:Network", "params": {"width": 12}, "epochs": 20}
    | {"learning_rate": 0.02, "batch_size": 64},
}
FAMILY_LABELS = {
    "knn": "nearest neighbours",
    "mlp": "perceptrons",
    "network": "user-defined networks",
    "linear_edges": "linear models",
    "forest": "trees and forests",
}
BEST_PARAMS = {
    "knn_grid": {"n_components": 32, "n_neighbors": 5},
    "linear_edges": {"C": 1, "class_weight": None, "dual": True},
}
# Names in cv_results.csv that differ from the grid's.
GRID_COLUMNS = {"n_components": "pca__n_components", "n_neighbors": "knn__n_neighbors"}
# Added to the true class's logit, so that about 95% of the predictions are correct.
LEAD = 3.3
DPI = 40
FIGURES = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())["figures"]


def settings(language: str = "en", models: dict[str, Any] = MODELS) -> dict[str, Any]:
    """Return the settings that the rule passes to the report."""
    configuration = {"dataset": "digits", "seed": 0, "compare": list(models), "features": FEATURES}
    return {"report": {"language": language}, "configuration": configuration | {"models": models}}


def files(folder: Path) -> list[Path]:
    """Return all files of a run that a report may read."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def shared(*more: str) -> Path:
    """Return a shared run of the notebook's models and further ones of `NINE`. Tests must not change it."""
    models = MODELS | {name: NINE[name] for name in more}
    return once.make("_".join(["small_run", *more]), partial(write, models=models))


def write(folder: Path, seeds: tuple[int, ...] = (0,), models: dict[str, Any] = MODELS) -> Path:
    """Write the files of all models, each simulated once for all tests, under `folder`, and return it."""
    for model, entry in models.items():
        is_network = entry["family"] in ("mlp", "network")
        for seed in seeds if is_network else seeds[:1]:
            source = once.make(f"small_run_of_{model}_{seed}", partial(_write_run, model=model, seed=seed))
            shutil.copytree(source, folder, dirs_exist_ok=True)
    compare(folder, list(models), seeds)
    return folder


def _write_run(folder: Path, model: str, seed: int) -> None:
    """Write the files of one model trained with one seed, and its figures if the seed is 0."""
    pixels, target = load_digits(return_X_y=True)
    _, images, y_train, y_true = train_test_split(
        pixels, target, test_size=N_TEST, random_state=0, stratify=target
    )
    _write_data(folder, y_train, (images * 15.9).astype(np.uint8))
    place = folder / "models" / model / (f"seed_{seed}" if seed else "")
    _simulate_model(place, model, seed, y_true, len(target) - N_TEST)
    run_job(
        evaluate_model,
        _inputs(folder, place, "predictions.npz", "fit.json"),
        {"metrics": place / "metrics.json"},
        {"seed": 0},
    )
    if not seed:
        _draw(folder, model)


def compare(folder: Path, models: list[str], seeds: tuple[int, ...] = (0,), metric: str = "accuracy") -> None:
    """Compare models, including failed ones, and plot the comparison."""
    runs = [
        run
        for model in models
        for run in (model, *(f"{model}/seed_{seed}" for seed in seeds[1:]))
        if (folder / "models" / run).is_dir()
    ]
    tables = {
        "comparison": folder / "comparison.csv",
        "tests": folder / "paired_tests.csv",
        "agreement": folder / "model_agreement.json",
        "verdict": folder / "verdict.json",
    }
    run_job(
        compare_models,
        {
            "predictions": [folder / f"models/{run}/predictions.npz" for run in runs],
            "fits": [folder / f"models/{model}/fit.json" for model in models],
            "metrics": [folder / f"models/{run}/metrics.json" for run in runs],
            "dataset": folder / "data/dataset.json",
            "train_labels": folder / "data/train_labels.npy",
        },
        tables | {"latex_table": folder / "comparison.tex"},
        {
            "models": models,
            "runs": runs,
            "families": {model: NINE[model]["family"] for model in models},
            "metric": metric,
            "margin": 0.01,
            "seed": 0,
        },
    )
    run_job(
        run_checks,
        {**tables, "dataset": folder / "data/dataset.json"}
        | {"files": [path for path in files(folder) if path.parts[-3:-1] != ("figures",)]},
        {"checks": folder / "checks.json"},
        {"mute": []},
    )
    run_job(
        plot_comparison,
        tables | _inputs(folder, folder),
        {
            "accuracy": folder / "figures/accuracy.svg",
            "pairwise_differences": folder / "figures/pairwise_differences.svg",
            "cost": folder / "figures/accuracy_vs_cost.svg",
            "fit_time": folder / "figures/accuracy_vs_fit_time.svg",
            "misclassified_by_all": folder / "figures/misclassified_by_all.png",
            "correct_by_one": folder / "figures/correct_by_one.png",
            "family_disagreements": folder / "figures/family_disagreements.png",
        },
        styles("accuracy", "paired_tests", "cost", "agreement"),
    )


def _inputs(folder: Path, place: Path, *names: str) -> dict[str, Path]:
    """Return the files of a run that jobs read, by the names that rules give them."""
    return {
        **{Path(name).stem: place / name for name in names},
        "test_images": folder / "data/test_images.npy",
        "dataset": folder / "data/dataset.json",
    }


def fail(folder: Path, run: str, failure: Failure) -> None:
    """Replace all files of a run (a model, or a further seed as `model/seed_n`) by the record of its failure."""
    for place in (folder / "models" / run, folder / "figures" / run):
        for path in place.glob("*.*"):
            failure.write(path)


def styles(*figures: str, **more: Any) -> dict[str, Any]:
    """Return the configuration's settings of figures, with a lower resolution of images."""
    found = {name: FIGURES[name] | {"dpi": DPI} for name in figures}
    return {"seed": 0, "text": FIGURES["text"], **found, **more}


def _write_data(folder: Path, train_labels: np.ndarray, test: np.ndarray) -> None:
    archive = {"path": "digits.tar.gz", "sha256": "5e" * 32, "bytes": 123456}
    archive |= {"source": "scikit-learn", "official": None}
    about = {"dataset": "digits", "type": "digits", "classes": CLASSES, "image_shape": IMAGE_SHAPE}
    about |= {"n_train": len(train_labels), "n_test": N_TEST, "archive": archive}
    write_json(folder / "data/dataset.json", about)
    save_npy(folder / "data/test_images.npy", test)
    save_npy(folder / "data/train_labels.npy", train_labels)


# ---- Models ----


def _simulate_model(folder: Path, model: str, seed: int, y_true: np.ndarray, n_train: int) -> None:
    """Write the files of a fitted model: plausible predictions and costs, the same each time."""
    entry = NINE[model]
    is_network = entry["family"] in ("mlp", "network")
    features = dict(FEATURES.get(entry.get("features"), {}))
    feature_sets = (
        [{"name": entry["features"], "type": features.pop("type"), "params": features}] if features else []
    )
    params = {key: value for key, value in entry.items() if key not in ("family", "features", "tune")}
    params |= {"metric": "euclidean", "weights": "uniform"} if entry["family"] == "knn" else {}
    if "tune" in entry:
        _write_grid(folder / "cv_results.csv", model)
        for name, value in BEST_PARAMS[model].items():
            if name in features:
                features[name] = value
            else:
                (params.setdefault("params", {}) if "estimator" in params else params)[name] = value
    # All models have difficulties with the same images.
    shared, own = (
        np.random.default_rng(key).normal(size=(N_TEST, 10)) for key in (0, [1, seed, *model.encode()])
    )
    logits = 0.8 * shared + 0.6 * own + LEAD * np.eye(10)[y_true]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = model != "linear_edges"
    y_pred = proba.argmax(axis=1)
    write_predictions(
        folder / "predictions.npz", y_true, proba if probabilities else np.eye(10)[y_pred], y_pred
    )
    n_parameters = {"mlp": 2410, "network": 910}.get(
        entry["family"], 650 if model == "linear_edges" else None
    )
    if is_network:
        _write_history(folder, entry["epochs"], "dropout" in model, (y_pred == y_true).mean())
    write_fit_json(
        folder / "fit.json",
        {
            "model": model,
            "family": entry["family"],
            "features": feature_sets,
            "pretrained": False,
            "params": params,
            "inference": {},
        },
        family_label=FAMILY_LABELS.get(model) or FAMILY_LABELS[entry["family"]],
        fit_costs=[resource_usage(2.0 if is_network else 0.02, 1)],
        predict_costs=[resource_usage(0.001 if is_network else 0.05, 1)],
        search_costs=[resource_usage(1.0, 1)] if "tune" in entry else [],
        stored_bytes=4 * (n_parameters if is_network else n_train * 64),
        n_parameters=n_parameters,
        seed=seed if is_network else None,
        probabilities=probabilities,
    )


def _write_grid(path: Path, model: str) -> None:
    """Write scores of three folds, which increase with the number of parameters equal to the best ones."""
    grid, best = NINE[model]["tune"]["grid"], BEST_PARAMS[model]
    names = {name: GRID_COLUMNS.get(name, name) for name in grid}
    tried = list(ParameterGrid(grid))
    means = [0.9 + 0.02 * sum(values[name] == best[name] for name in grid) for values in tried]
    scores = np.array(means)[:, None] + np.array([0.01, 0, -0.01])
    write_csv(path, build_cv_results(tried, scores, names, [None] * len(tried)))


def _write_history(folder: Path, n_epochs: int, has_dropout: bool, accuracy: float) -> None:
    """Write a training history that ends at `accuracy`; with dropout it is slower and noisier, with a higher loss."""
    epochs = np.arange(n_epochs)
    decay_epochs, loss_offset, noise_std = (15, 0.3, 0.05) if has_dropout else (5, 0.0, 0.001)
    left = np.exp(-epochs / decay_epochs) - np.exp(-epochs[-1] / decay_epochs)
    noise = noise_std * np.random.default_rng(0).normal(size=n_epochs)
    history = {
        "epoch": epochs,
        "train_loss": 0.1 + loss_offset + 2.2 * left,
        "test_loss": 0.2 + 2.1 * left + np.abs(noise),
        "train_accuracy": 0.99 * (1 - 0.9 * left),
        "test_accuracy": accuracy * (1 - 0.9 * left),
    }
    write_csv(folder / "history.csv", {name: values.tolist() for name, values in history.items()})
    run_job(
        summarize_training_curve,
        {"history": folder / "history.csv"},
        {"learning": folder / "training_summary.json"},
    )


# ---- Figures ----


def _draw(folder: Path, model: str) -> None:
    place, figures = folder / "models" / model, folder / "figures" / model
    run_job(
        plot_model,
        _inputs(folder, place, "metrics.json", "predictions.npz", "fit.json"),
        {
            "confusion_matrix": figures / "confusion_matrix.svg",
            "confused_pairs": figures / "confused_pairs.png",
            "reliability": figures / "reliability.svg",
            "roc_pr": figures / "roc_pr.svg",
            "images": figures / "predictions.png",
        },
        styles("confusion_matrix", "confused_pairs", "reliability", "predictions", model=model),
    )
    if (place / "history.csv").exists():
        run_job(
            plot_training_curves,
            {"history": place / "history.csv", "learning": place / "training_summary.json"},
            {"figure": figures / "training.svg"},
            FIGURES["text"] | FIGURES["training"] | {"model": model},
        )
    if (place / "cv_results.csv").exists():
        run_job(
            plot_grid_search,
            {"results": place / "cv_results.csv"},
            {"figure": figures / "grid_search.svg"},
            FIGURES["text"] | FIGURES["grid_scores"] | {"model": model},
        )
