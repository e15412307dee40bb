"""Grid search by the scripts, compared with scikit-learn's GridSearchCV."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import cross_validate_estimator
import cross_validate_knn
import select_best_params
from cifarbench.data.splits import make_split, stratified_folds
from cifarbench.errors import UserError
from cifarbench.features import pca
from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.fit_inputs import FitInputs, scale_pixels
from cifarbench.features.pca import PrincipalComponents
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import read_csv
from cifarbench.runtime.failures import Failure, record_error
from helpers.jobs import run_job

COMPONENTS, NEIGHBORS, FOLDS = [4, 8, 16], [1, 5, 10], 3
PLAIN = {"metric": "euclidean", "weights": "uniform", "ann": None}


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    return (found.images.reshape(-1, 64) * 15).astype(np.uint8), found.target


def score_fits(folder: Path, labels: np.ndarray, score: Any, tried: list[dict], features: Any) -> list[Path]:
    """Score each candidate in each fold by its script and return the paths of the results."""
    save_npy(folder / "labels.npy", labels)
    save_npy(folder / "folds.npy", make_split(labels, f"folds_of_{FOLDS}", seed=0))
    paths = []
    for number, one in enumerate(tried):
        for fold in range(FOLDS):
            save_npy(folder / "features.npy", features(one, fold))
            paths.append(folder / f"cell_{number}_{fold}.json")
            run_job(
                score,
                {
                    "features": folder / "features.npy",
                    "labels": folder / "labels.npy",
                    "division": [folder / "folds.npy"],
                },
                {"cell": paths[-1]},
                {"part": f"fold_{fold}_of_{FOLDS}", **one["settings"]},
                memory_mb=1000,
            )
    return paths


def select_params(folder: Path, paths: list[Path], **settings: Any) -> tuple[dict[str, list], dict]:
    """Return the columns of the script's table, and the best parameters."""
    run_job(
        select_best_params,
        {"cells": paths, "costs": []},
        {
            "results": folder / "cv_results.csv",
            "best": folder / "best_params.json",
            "cost": folder / "cost.json",
        },
        {"folds": FOLDS, **settings},
    )
    rows = read_csv(folder / "cv_results.csv")
    assert read_json(folder / "cost.json")["seconds"] > 0
    return {name: [row[name] for row in rows] for name in rows[0]}, read_json(folder / "best_params.json")


def assert_same(ours: dict[str, list], theirs: dict[str, Any]) -> None:
    assert set(ours) == {
        name for name in theirs if name.startswith(("param_", "split", "mean_test", "std_test", "rank"))
    }
    for name, column in ours.items():
        np.testing.assert_allclose(column, np.asarray(theirs[name], float), rtol=1e-12, err_msg=name)


# With fewer images in a fold than pixels, PCA uses the Gram matrix.
@pytest.mark.parametrize("n_images", [1797, 90])
def test_neighbours_on_components_are_tuned_as_by_grid_search_cv(digits, tmp_path, n_images):
    images, labels = (array[:n_images] for array in digits)
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("pca", PCA(svd_solver="full")),
            ("knn", KNeighborsClassifier(algorithm="brute")),
        ]
    )
    grid = {"pca__n_components": COMPONENTS, "knn__n_neighbors": NEIGHBORS}
    theirs = GridSearchCV(pipeline, grid, cv=FOLDS).fit(images.astype(np.float64), labels)

    folds = stratified_folds(labels, FOLDS)
    everything = RunningCovariance.from_images(images)
    fitted = []
    for fold in range(FOLDS):
        left = everything - RunningCovariance.from_images(images, np.flatnonzero(folds == fold))
        inputs = FitInputs(images, np.flatnonzero(folds != fold), labels, 10, (1, 8, 8), 0, left)
        fitted.append(PrincipalComponents(**pca.fit(inputs, {"standardize": True})))
    tried = [{"n": n, "settings": {"params": PLAIN, "max_neighbors": max(NEIGHBORS)}} for n in COMPONENTS]
    paths = score_fits(
        tmp_path,
        labels,
        cross_validate_knn,
        tried,
        lambda one, fold: fitted[fold].transform(images, one["n"]),
    )
    ours, best = select_params(
        tmp_path,
        paths,
        candidates=[{"n_components": n, "n_neighbors": k} for k in NEIGHBORS for n in COMPONENTS],
        names={"n_components": "pca__n_components", "n_neighbors": "knn__n_neighbors"},
        cells=[{"n_components": n} for n in COMPONENTS],
        every_value_of="n_neighbors",
    )
    assert_same(ours, theirs.cv_results_)
    assert list(ours)[:2] == ["param_knn__n_neighbors", "param_pca__n_components"]
    names = {"n_components": "pca__n_components", "n_neighbors": "knn__n_neighbors"}
    assert {names[key]: value for key, value in best.items()} == theirs.best_params_


@pytest.mark.parametrize(
    ("metric", "scorer"),
    [("balanced_accuracy", "balanced_accuracy"), ("log_loss", "neg_log_loss"), ("roc_auc", "roc_auc_ovr")],
)
def test_other_metrics_are_tuned_as_by_grid_search_cv(digits, tmp_path, metric, scorer):
    images, labels = (array[:600] for array in digits)
    grid = {"n_neighbors": NEIGHBORS}
    theirs = GridSearchCV(KNeighborsClassifier(algorithm="brute"), grid, scoring=scorer, cv=FOLDS)
    theirs.fit(images.astype(np.float64), labels)
    settings = {"params": PLAIN, "max_neighbors": max(NEIGHBORS), "metric": metric, "n_neighbors": NEIGHBORS}
    paths = score_fits(
        tmp_path, labels, cross_validate_knn, [{"settings": settings}], lambda one, fold: images
    )
    candidates = [{"n_neighbors": k} for k in NEIGHBORS]
    names = {"n_neighbors": "n_neighbors"}
    ours, best = select_params(
        tmp_path, paths, candidates=candidates, names=names, cells=[{}], every_value_of="n_neighbors"
    )
    # Vote shares are float32, for which log loss clips at another limit.
    if metric != "log_loss":
        np.testing.assert_allclose(ours["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-9)
    assert max(ours["mean_test_score"]) < 0 or metric != "log_loss"
    assert ours["rank_test_score"] == theirs.cv_results_["rank_test_score"].tolist()
    assert best == theirs.best_params_


def test_a_metric_of_probabilities_refuses_a_classifier_without_them(digits, tmp_path):
    images, labels = (array[:200] for array in digits)
    cell = {"estimator": "sklearn.svm.LinearSVC", "params": {}, "batch_size": None}
    settings = {"model": "m", "seed": 0, "params": cell, "metric": "log_loss"}
    with pytest.raises(UserError, match="metric is log_loss, which needs probabilities"):
        score_fits(
            tmp_path, labels, cross_validate_estimator, [{"settings": settings}], lambda one, fold: images
        )
    settings["metric"] = "balanced_accuracy"
    paths = score_fits(
        tmp_path, labels, cross_validate_estimator, [{"settings": settings}], lambda one, fold: images
    )
    assert 0.5 < read_json(paths[0])["scores"][""] <= 1


def estimator(max_iter: int, params: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a fit of a logistic regression."""
    reference = "sklearn.linear_model.LogisticRegression"
    of_cell = {"estimator": reference, "params": {"max_iter": max_iter, **params}, "batch_size": None}
    return {"settings": {"model": "m", "seed": 0, "params": of_cell}}


def test_an_estimator_is_tuned_as_by_grid_search_cv(digits, tmp_path):
    images, labels = digits
    grid = {"C": [0.0001, 0.01, 1.0], "fit_intercept": [True, False]}
    theirs = GridSearchCV(LogisticRegression(max_iter=40), grid, cv=FOLDS).fit(scale_pixels(images), labels)
    values = [{"C": c, "fit_intercept": f} for c in grid["C"] for f in grid["fit_intercept"]]
    tried = [estimator(40, one) for one in values]
    paths = score_fits(tmp_path, labels, cross_validate_estimator, tried, lambda one, fold: images)
    ours, best = select_params(
        tmp_path,
        paths,
        candidates=values,
        names={key: key for key in grid},
        cells=values,
        every_value_of=None,
    )
    assert_same(ours, theirs.cv_results_)
    assert best == theirs.best_params_


def test_a_candidate_that_fails_has_no_score_and_is_not_selected(digits, tmp_path):
    images, labels = (array[:300] for array in digits)
    # The solver does not support the second ratio; scikit-learn warns and scores NaN.
    grid = {"C": [0.01, 1.0], "l1_ratio": [0, 0.5]}
    template = LogisticRegression(max_iter=20)
    with pytest.warns(FitFailedWarning):
        theirs = GridSearchCV(template, grid, cv=FOLDS).fit(scale_pixels(images), labels)
    values = [{"C": c, "l1_ratio": ratio} for c in grid["C"] for ratio in grid["l1_ratio"]]
    paths = score_fits(
        tmp_path, labels, cross_validate_estimator, [estimator(20, one) for one in values], lambda *_: images
    )
    names = {key: key for key in grid}
    ours, best = select_params(
        tmp_path, paths, candidates=values, names=names, cells=values, every_value_of=None
    )
    errors = ours.pop("error")
    assert [error is None for error in errors] == [True, False, True, False]
    assert errors[1].startswith("ValueError: Solver lbfgs supports only")
    assert_same(ours, theirs.cv_results_)
    assert best == theirs.best_params_


def test_a_model_fails_only_if_all_candidates_fail(tmp_path):
    paths = [tmp_path / f"{number}.json" for number in range(2)]
    write_json(paths[0], record_error(lambda: {}["missing"]))
    Failure("m", "fit_features", "it was killed by SIGKILL").write(paths[1])
    outputs = {name: tmp_path / name for name in ("results", "best", "cost")}
    settings = {"candidates": [{"C": 1}, {"C": 2}], "names": {"C": "C"}, "cells": [{"C": 1}, {"C": 2}]}
    run_job(
        select_best_params,
        {"cells": paths, "costs": []},
        outputs,
        settings | {"every_value_of": None, "folds": 1},
    )
    for path in outputs.values():
        assert (
            Failure.read(path).reason == "all 2 candidates failed, the first (C 1) with KeyError: 'missing'"
        )


def test_user_errors_and_full_disks_are_raised():
    for error in (UserError("no such key"), OSError(28, "no space left")):
        with pytest.raises(type(error)):
            record_error(Mock(side_effect=error))


def test_a_class_with_fewer_images_than_folds_is_refused():
    with pytest.raises(UserError, match="3, but the class 1 has 2 training images; give it 3 or more"):
        stratified_folds(np.array([0, 0, 0, 0, 1, 1]), 3)
