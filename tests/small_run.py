"""The files of a small run: models of scikit-learn on its digits, by the library's metrics and figures."""

import atexit
import shutil
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cifarbench.evaluation import comparison, learning, metrics, statistics
from cifarbench.figures import (
    accuracy,
    agreement,
    confused_pairs,
    confusion,
    cost,
    grid,
    paired,
    predictions,
    reliability,
    training,
)
from cifarbench.figures.style import save_png, save_svg
from cifarbench.study.files import write_json
from cifarbench.study.tables import read_rows, write_table

CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
IMAGE_SHAPE = [1, 8, 8]
N_TEST = 360
NETWORK = {"hidden_dim": 24, "learning_rate": 0.02, "batch_size": 64, "epochs": 60}
MODELS = {
    "knn_raw": {"family": "knn", "n_neighbors": 5},
    "knn_pca": {"family": "knn", "scale": False, "n_components": 16, "n_neighbors": 5},
    "knn_scaled_pca": {"family": "knn", "scale": True, "n_components": 16, "n_neighbors": 5},
    "knn_grid": {
        "family": "knn_grid",
        "scale": True,
        "n_components": [8, 16, 32],
        "n_neighbors": [3, 5, 10],
        "folds": 3,
    },
    "mlp": {"family": "mlp", "batch_norm": False, "dropout": 0.0, **NETWORK},
    "mlp_batchnorm_dropout": {"family": "mlp", "batch_norm": True, "dropout": 0.5, **NETWORK},
}
DPI = 40
FIGURES = yaml.safe_load((Path(__file__).parents[1] / "config/config.yaml").read_text())["figures"]


def settings(language: str = "en") -> dict[str, Any]:
    """What the rule hands to the report."""
    return {
        "report": {"language": language},
        "configuration": {"dataset": "digits", "seed": 0, "compare": list(MODELS), "models": MODELS},
    }


def write(folder: Path, seeds: tuple[int, ...] = (0,)) -> Path:
    """Train every model and write the contract's files under `folder`, which is returned."""
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels * 15.9).astype(np.uint8)
    train, test, train_labels, y_true = train_test_split(
        images, labels, test_size=N_TEST, random_state=0, stratify=labels
    )
    write_json(
        folder / "data/dataset.json",
        {
            "dataset": "digits",
            "kind": "digits",
            "classes": CLASSES,
            "image_shape": IMAGE_SHAPE,
            "n_train": len(train),
            "n_test": N_TEST,
            "archive": {
                "path": "digits.tar.gz",
                "sha256": "5e" * 32,
                "bytes": 123456,
                "source": "scikit-learn",
                "official": None,
            },
        },
    )
    y_pred, scores, fits = {}, {}, {}
    for model, entry in MODELS.items():
        fit = _fit_network if entry["family"] == "mlp" else _fit_neighbors
        for run in [model] + [f"{model}/seed_{seed}" for seed in seeds[1:] if entry["family"] == "mlp"]:
            place = folder / "models" / run
            seed = int(run.partition("/seed_")[2] or seeds[0])
            proba, fits[run] = fit(place, model, entry, seed, train / 255, train_labels, test / 255, y_true)
            y_pred[run] = proba.argmax(axis=1)
            scores[run] = metrics.score(y_true, y_pred[run], proba, CLASSES, seed=0)
            write_json(place / "metrics.json", scores[run])
        _draw_model(folder, model, scores[model], y_true, y_pred[model], test)

    columns = comparison.table(list(MODELS), list(scores), scores, fits)
    write_table(folder / "comparison.csv", columns)
    answers = {model: y_pred[model] for model in MODELS}
    tests = statistics.paired_tests({model: answer == y_true for model, answer in answers.items()}, seed=0)
    write_table(folder / "paired_tests.csv", tests)
    found = comparison.agreement(y_true, answers, CLASSES)
    write_json(folder / "agreement.json", found)
    _draw_comparison(folder, found, test)
    return folder


def style(figure: str) -> dict[str, Any]:
    """How the configuration has a figure drawn; pictures coarser."""
    return FIGURES["text"] | FIGURES[figure] | {"seed": 0} | {"dpi": DPI}


@cache
def shared() -> Path:
    """One run for all tests of this process, which read it and leave it as it is."""
    folder = Path(tempfile.mkdtemp(prefix="small_run_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write(folder)


def files(folder: Path) -> list[Path]:
    """All files of a run that a report may be made of."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _fit_neighbors(place, model, entry, seed, train, train_labels, test, y_true):
    params = {key: value for key, value in entry.items() if key != "family"}
    start = time.perf_counter()
    if entry["family"] == "knn_grid":
        search = GridSearchCV(
            _pipeline({**params, "n_components": 8, "n_neighbors": 5}),
            {"pca__n_components": params["n_components"], "knn__n_neighbors": params["n_neighbors"]},
            cv=StratifiedKFold(params["folds"]),
        ).fit(train, train_labels)
        kept = [name for name in search.cv_results_ if name.startswith(("param_", "split"))]
        kept += ["mean_test_score", "std_test_score", "rank_test_score"]
        columns = {name: np.asarray(search.cv_results_[name]).tolist() for name in kept}
        write_table(place / "cv_results.csv", columns)
        params |= {name.partition("__")[2]: value for name, value in search.best_params_.items()}
    fitted = _pipeline(params).fit(train, train_labels)
    fit_seconds = time.perf_counter() - start
    start = time.perf_counter()
    proba = fitted.predict_proba(test)
    dimensions = params.get("n_components", train.shape[1])
    fit = _record(model, entry, params, None, fit_seconds, time.perf_counter() - start)
    fit |= {"stored_mb": len(train) * dimensions * 4 / 1e6, "n_parameters": None}
    write_json(place / "fit.json", fit)
    return proba, fit


def _fit_network(place, model, entry, seed, train, train_labels, test, y_true):
    params = {key: value for key, value in entry.items() if key != "family"}
    network = MLPClassifier(
        (params["hidden_dim"],) * 2,
        solver="sgd",
        momentum=0,
        learning_rate_init=params["learning_rate"],
        batch_size=params["batch_size"],
        random_state=seed,
    )
    rng = np.random.default_rng(seed)
    history = []
    start = time.perf_counter()
    for epoch in range(params["epochs"]):
        # scikit-learn has no dropout inside; here pixels are dropped, while training and not while testing.
        seen = train * (rng.random(train.shape) >= params["dropout"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.partial_fit(seen, train_labels, classes=np.arange(len(CLASSES)))
        row = {"epoch": epoch}
        for part, inputs, labels in (("train", seen, train_labels), ("test", test, y_true)):
            proba = network.predict_proba(inputs)
            row[f"{part}_loss"] = float(-np.log(proba[np.arange(len(labels)), labels] + 1e-12).mean())
            row[f"{part}_accuracy"] = float((proba.argmax(axis=1) == labels).mean())
        history.append(row)
    fit_seconds = time.perf_counter() - start
    names = ["epoch", "train_loss", "test_loss", "train_accuracy", "test_accuracy"]
    write_table(place / "history.csv", {name: [row[name] for row in history] for name in names})
    write_json(place / "learning.json", learning.describe(learning.read_history(place / "history.csv")))
    start = time.perf_counter()
    proba = network.predict_proba(test)
    fit = _record(model, entry, params, seed, fit_seconds, time.perf_counter() - start)
    n_parameters = sum(weights.size for weights in network.coefs_ + network.intercepts_)
    fit |= {"stored_mb": n_parameters * 4 / 1e6, "n_parameters": n_parameters}
    write_json(place / "fit.json", fit)
    return proba, fit


def _pipeline(params):
    steps = [("scale", StandardScaler())] if params.get("scale") else []
    if "n_components" in params:
        steps.append(("pca", PCA(params["n_components"], svd_solver="covariance_eigh")))
    return Pipeline([*steps, ("knn", KNeighborsClassifier(params["n_neighbors"], algorithm="brute"))])


def _record(model, entry, params, seed, fit_seconds, predict_seconds):
    return {
        "model": model,
        "family": entry["family"],
        "params": params,
        "seed": seed,
        "fit_seconds": fit_seconds,
        "predict_seconds": predict_seconds,
        "peak_memory_mb": 200.0,
        "device": "cpu",
        "threads": 1,
        "versions": {"python": "3.12.3", "numpy": np.__version__},
    }


def _draw_model(folder, model, scores, y_true, y_pred, test):
    place, figures = folder / "models" / model, folder / "figures" / model
    matrix = np.array(scores["confusion_matrix"])
    save_svg(
        confusion.draw(matrix, CLASSES, style("confusion_matrix")),
        figures / "confusion_matrix.svg",
        confusion.describe(model, matrix, CLASSES),
    )
    save_svg(
        reliability.draw(scores, style("reliability")),
        figures / "reliability.svg",
        reliability.describe(model, scores),
    )
    chosen = predictions.choose(N_TEST, FIGURES["predictions"]["n_pictures"], seed=0)
    picture = predictions.draw_predictions(
        test[chosen], y_true[chosen], y_pred[chosen], CLASSES, IMAGE_SHAPE, style("predictions")
    )
    save_png(picture, figures / "predictions.png", DPI)
    picture = confused_pairs.draw_confused_pairs(
        test, scores["confused_pairs"], IMAGE_SHAPE, style("confused_pairs")
    )
    save_png(picture, figures / "confused_pairs.png", DPI)
    if (place / "history.csv").exists():
        found = learning.describe(learning.read_history(place / "history.csv"))
        drawing = training.draw(read_rows(place / "history.csv"), found, style("training"))
        save_svg(drawing, figures / "training.svg", training.describe(model, found))
    if (place / "cv_results.csv").exists():
        rows = read_rows(place / "cv_results.csv")
        save_svg(
            grid.draw(rows, style("grid_scores")), figures / "grid_scores.svg", grid.describe(model, rows)
        )


def _draw_comparison(folder, found, test):
    rows, tests = read_rows(folder / "comparison.csv"), read_rows(folder / "paired_tests.csv")
    figures = folder / "figures"
    save_svg(accuracy.draw(rows, style("accuracy")), figures / "accuracy.svg", accuracy.describe(rows))
    save_svg(cost.draw(rows, style("cost")), figures / "cost.svg", cost.describe(rows))
    models = list(MODELS)
    save_svg(
        paired.draw(models, tests, style("paired_tests")),
        figures / "paired_tests.svg",
        paired.describe(models, tests),
    )
    for name, draw in (
        ("always_wrong", agreement.draw_always_wrong),
        ("only_one_right", agreement.draw_only_one_right),
    ):
        save_png(draw(test, found, IMAGE_SHAPE, style("agreement")), figures / f"{name}.png", DPI)
