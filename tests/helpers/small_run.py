"""The files of a small run: models of scikit-learn on its digits, by the library's metrics, figures and contract."""

import shutil
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import compare_models
import evaluate_model
import plot_comparison
import plot_grid_search
import plot_model
import plot_training_curves
import summarize_training_curve
from cifarbench.io.atomic import save_npy, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.models.outputs import write_fit_json, write_predictions
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.timing import Timer, resource_usage
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
# Others than the notebook's, beside them: without probabilities, without parameters, and a network of one's own.
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
KINDS = {"knn": "nearest neighbours", "mlp": "perceptrons", "network": "networks of one's own"}
KINDS |= {"linear_edges": "linear models", "forest": "trees and forests"}
DPI = 40
FIGURES = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())["figures"]


def settings(language: str = "en", models: dict[str, Any] = MODELS) -> dict[str, Any]:
    """What the rule hands to the report."""
    configuration = {"dataset": "digits", "seed": 0, "compare": list(models), "features": FEATURES}
    return {"report": {"language": language}, "configuration": configuration | {"models": models}}


def files(folder: Path) -> list[Path]:
    """All files of a run that a report may be made of."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def shared(*more: str) -> Path:
    """The notebook's models, or more of the nine, for all tests, which leave them as they are."""
    models = MODELS | {name: NINE[name] for name in more}
    return once.make("_".join(["small_run", *more]), partial(write, models=models))


def write(folder: Path, seeds: tuple[int, ...] = (0,), models: dict[str, Any] = MODELS) -> Path:
    """Train every model, unless another test has, and write the contract's files under `folder`, which is returned."""
    for model, entry in models.items():
        learns = entry["family"] in ("mlp", "network")
        for seed in seeds if learns else seeds[:1]:
            made = once.make(f"small_run_of_{model}_{seed}", partial(_write_run, model=model, seed=seed))
            shutil.copytree(made, folder, dirs_exist_ok=True)
    compare(folder, list(models), seeds)
    return folder


def _write_run(folder: Path, model: str, seed: int) -> None:
    """The files of one model, trained with one seed; with the first, its figures, too."""
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels * 15.9).astype(np.uint8)
    train, test, train_labels, y_true = train_test_split(
        images, labels, test_size=N_TEST, random_state=0, stratify=labels
    )
    _write_data(folder, len(train), test)
    entry, place = NINE[model], folder / "models" / model
    if seed:
        place /= f"seed_{seed}"
    fit = _fit_network if entry["family"] in ("mlp", "network") else _fit_other
    fit(place, model, entry, seed, train / 255, train_labels, test / 255, y_true)
    run_job(
        evaluate_model,
        _inputs(folder, place, "predictions.npz", "fit.json"),
        {"metrics": place / "metrics.json"},
        {"seed": 0},
    )
    if not seed:
        _draw(folder, model)


def compare(folder: Path, models: list[str], seeds: tuple[int, ...] = (0,)) -> None:
    """Hold models against each other, those that failed too, and draw what comes out."""
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
    }
    run_job(
        compare_models,
        {
            "predictions": [folder / f"models/{model}/predictions.npz" for model in models],
            "fits": [folder / f"models/{model}/fit.json" for model in models],
            "metrics": [folder / f"models/{run}/metrics.json" for run in runs],
            "dataset": folder / "data/dataset.json",
        },
        tables | {"latex_table": folder / "comparison.tex"},
        {
            "models": models,
            "runs": runs,
            "families": {model: NINE[model]["family"] for model in models},
        },
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
    """Put a record in place of all files of a run (a model, or a further seed as `model/seed_n`)."""
    for place in (folder / "models" / run, folder / "figures" / run):
        for path in place.glob("*.*"):
            failure.write(path)


def styles(*figures: str, **more: Any) -> dict[str, Any]:
    """How the configuration has figures drawn; pictures coarser."""
    found = {name: FIGURES[name] | {"dpi": DPI} for name in figures}
    return {"seed": 0, "text": FIGURES["text"], **found, **more}


def _write_data(folder: Path, n_train: int, test: np.ndarray) -> None:
    archive = {"path": "digits.tar.gz", "sha256": "5e" * 32, "bytes": 123456}
    archive |= {"source": "scikit-learn", "official": None}
    about = {"dataset": "digits", "type": "digits", "classes": CLASSES, "image_shape": IMAGE_SHAPE}
    about |= {"n_train": n_train, "n_test": N_TEST, "archive": archive}
    write_json(folder / "data/dataset.json", about)
    save_npy(folder / "data/test_images.npy", test)


# ---- Models ----


def _fit_other(place, model, entry, seed, train, train_labels, test, y_true):
    chain = _chain(entry)
    own = {key: value for key, value in entry.items() if key not in ("family", "features", "tune")}
    own |= {"metric": "euclidean", "weights": "uniform"} if entry["family"] == "knn" else {}
    pipeline, search_costs = _pipeline(entry, seed), []
    with Timer() as searching:
        if "tune" in entry:
            best = _search(place, pipeline, entry["tune"], train, train_labels)
            pipeline.set_params(**best)
            for name, value in best.items():
                _owner(name, chain, own)[name.rpartition("__")[2]] = value
    if "tune" in entry:
        search_costs = [resource_usage(searching.seconds, 1)]
    with Timer() as fitting:
        fitted = pipeline.fit(train, train_labels)
    with Timer() as predicting:
        probabilities = hasattr(fitted, "predict_proba")
        answers = fitted.predict(test)
        proba = fitted.predict_proba(test) if probabilities else np.eye(len(CLASSES))[answers]
    write_predictions(place / "predictions.npz", y_true, proba, answers)
    write_fit_json(
        place / "fit.json",
        {
            "model": model,
            "family": entry["family"],
            "features": chain,
            "pretrained": False,
            "params": own,
            "inference": {},
        },
        family_label=KINDS.get(model) or KINDS[entry["family"]],
        fit_costs=[resource_usage(fitting.seconds, 1)],
        predict_costs=[resource_usage(predicting.seconds, 1)],
        search_costs=search_costs,
        stored_bytes=len(train) * train.shape[1] * 4,
        n_parameters=650 if model == "linear_edges" else None,
        seed=None,
        probabilities=probabilities,
    )


def _search(place, pipeline, tune, train, train_labels):
    names = {name: key for key in pipeline.get_params() for name in tune["grid"] if key.endswith(f"__{name}")}
    search = GridSearchCV(
        pipeline,
        {names[name]: values for name, values in tune["grid"].items()},
        cv=StratifiedKFold(tune["folds"]),
    ).fit(train, train_labels)
    kept = [name for name in search.cv_results_ if name.startswith(("param_", "split"))]
    kept += ["mean_test_score", "std_test_score", "rank_test_score"]
    columns = {name: np.asarray(search.cv_results_[name], dtype=object).tolist() for name in kept}
    # As in the workflow, a grid without features has no steps in its names.
    short = {name: name.replace("estimator__", "") for name in kept}
    write_csv(place / "cv_results.csv", {short[name]: values for name, values in columns.items()})
    return search.best_params_


def _owner(name, chain, own):
    """Whose hyperparameter it is: the features', the estimator's, or the family's."""
    if name.startswith("pca__"):
        return chain[0]["params"]
    return own.setdefault("params", {}) if "estimator" in own else own


def _chain(entry):
    if "features" not in entry:
        return []
    params = dict(FEATURES[entry["features"]])
    return [{"name": entry["features"], "type": params.pop("type"), "params": params}]


class Edges(BaseEstimator):
    """How far neighbouring pixels differ, across and down."""

    def fit(self, images, labels=None):
        return self

    def transform(self, images):
        across, down = np.gradient(images.reshape(-1, *IMAGE_SHAPE[1:]), axis=(1, 2))
        return np.hstack([across.reshape(len(images), -1), down.reshape(len(images), -1)])


def _pipeline(entry, seed):
    features = FEATURES.get(entry.get("features"), {})
    steps = [("scale", StandardScaler())] if features.get("standardize") else []
    if features.get("type") == "pca":
        steps.append(("pca", PCA(features["n_components"], svd_solver="covariance_eigh")))
    elif features:
        steps.append(("edges", Edges()))
    if entry["family"] == "knn":
        classifier = ("knn", KNeighborsClassifier(entry.get("n_neighbors", 5), algorithm="brute"))
    elif entry["estimator"].endswith("LinearSVC"):
        classifier = ("estimator", LinearSVC(random_state=seed))
    else:
        classifier = ("estimator", RandomForestClassifier(**entry["params"], random_state=seed))
    return Pipeline([*steps, classifier])


def _fit_network(place, model, entry, seed, train, train_labels, test, y_true):
    params = {key: value for key, value in entry.items() if key != "family"}
    network = MLPClassifier(
        (params["hidden_dim"],) * 2 if "hidden_dim" in params else (params["params"]["width"],),
        solver="sgd",
        momentum=0,
        learning_rate_init=params["learning_rate"],
        batch_size=params["batch_size"],
        random_state=seed,
    )
    with Timer() as fitting:
        history = _course(network, params, seed, train, train_labels, test, y_true)
    write_csv(place / "history.csv", {name: [row[name] for row in history] for name in history[0]})
    run_job(
        summarize_training_curve,
        {"history": place / "history.csv"},
        {"learning": place / "training_summary.json"},
    )
    with Timer() as predicting:
        proba = network.predict_proba(test)
    write_predictions(place / "predictions.npz", y_true, proba)
    n_parameters = sum(weights.size for weights in network.coefs_ + network.intercepts_)
    write_fit_json(
        place / "fit.json",
        {
            "model": model,
            "family": entry["family"],
            "features": [],
            "pretrained": False,
            "params": params,
            "inference": {},
        },
        family_label=KINDS[entry["family"]],
        fit_costs=[resource_usage(fitting.seconds, 1)],
        predict_costs=[resource_usage(predicting.seconds, 1)],
        search_costs=[],
        stored_bytes=n_parameters * 4,
        n_parameters=n_parameters,
        seed=seed,
    )


def _course(network, params, seed, train, train_labels, test, y_true):
    rng = np.random.default_rng(seed)
    history = []
    for epoch in range(params["epochs"]):
        # scikit-learn has no dropout inside; here pixels are dropped, while training and not while testing.
        seen = train * (rng.random(train.shape) >= params.get("dropout", 0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.partial_fit(seen, train_labels, classes=np.arange(len(CLASSES)))
        losses, accuracies = {}, {}
        for part, inputs, labels in (("train", seen, train_labels), ("test", test, y_true)):
            proba = network.predict_proba(inputs)
            losses[f"{part}_loss"] = float(-np.log(proba[np.arange(len(labels)), labels] + 1e-12).mean())
            accuracies[f"{part}_accuracy"] = float((proba.argmax(axis=1) == labels).mean())
        history.append({"epoch": epoch, **losses, **accuracies})
    return history


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
            "pictures": figures / "predictions.png",
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
