"""Write the outputs of every model: predictions.npz and fit.json."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.io.atomic import load_npz, read_json, save_npz, write_json
from cifarbench.planning.model_family import choose_params, merge_params
from cifarbench.runtime.timing import cpu_name, peak_memory_mb, sum_usage, versions

# Seconds, memory and threads of a job, or the file that has them.
Cost = dict[str, Any] | Path


def apply_best_params(settings: dict[str, Any], best: list[Path]) -> dict[str, Any]:
    """Return a model's settings with the best parameters of its grid search, if there is one.

    settings: as `ResultPaths.model_params_json` returns them. best: the file of best_params.json, or none.
    """
    if not best:
        return settings
    best_params = read_json(best[0])
    features = [{**step, "params": choose_params(step, best_params)} for step in settings["features"]]
    tuned = {key: best_params[key] for key in settings["chosen"]}
    return {**settings, "params": merge_params(settings["params"], tuned), "features": features}


def write_predictions(
    path: Path,
    y_true: np.ndarray,
    proba: np.ndarray,
    y_pred: np.ndarray | None = None,
    folds: Sequence[Path] = (),
) -> None:
    """Write `y_true` (N,) int, `proba` (N, n_classes) float32, and `y_pred`, by default the most probable class.

    folds: of `ResultPaths.fold_files`, from which each image takes the prediction of the fit without its fold.

    Raises ValueError if the shapes differ, if a probability is not finite, or if a row does not sum to 1.
    """
    if proba.ndim != 2 or len(proba) != len(y_true):
        raise ValueError(
            f"the probabilities have the shape {proba.shape}, not one row for each of {len(y_true)} images"
        )
    if not np.isfinite(proba).all():
        raise ValueError(
            f"{np.count_nonzero(~np.isfinite(proba).all(axis=1))} images have probabilities that are NaN"
        )
    if np.abs(proba.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("the probabilities of an image do not sum to 1")
    y_pred = proba.argmax(axis=1) if y_pred is None else y_pred
    if folds:
        fold, parts = np.load(folds[0]), [load_npz(file) for file in folds[1:]]
        rows = np.arange(len(fold))
        proba, y_pred = (np.stack([part[name] for part in parts])[fold, rows] for name in ("proba", "y_pred"))
    save_npz(path, y_true=y_true, y_pred=y_pred, proba=proba.astype(np.float32, copy=False))


def write_fit_json(
    path: Path,
    settings: dict[str, Any],
    *,
    family_label: str,
    fit_costs: Sequence[Cost],
    predict_costs: Sequence[Cost],
    search_costs: Sequence[Cost] = (),
    stored_bytes: int,
    n_parameters: int | None,
    seed: int | None,
    probabilities: bool = True,
    device: str = "cpu",
    facts: dict[str, Any] | None = None,
) -> None:
    """Write the model's settings and costs.

    settings: as `apply_best_params` returns them. fit_costs, predict_costs, search_costs: of all steps, features
    included, or their files. stored_bytes: of the model without its features. seed: None if the model is not random.
    probabilities: whether the model predicts probabilities. facts: further keys, such as `ann`, recall and throughput
    of an approximate search, or other values of keys.
    """
    fits, predicts, searches = (
        [read_json(cost) if isinstance(cost, Path) else cost for cost in costs]
        for costs in (fit_costs, predict_costs, search_costs)
    )
    stored_bytes += sum(cost.get("stored_bytes", 0) for cost in fits)
    fitting = sum_usage(fits + searches)
    features = [{name: step[name] for name in ("name", "type", "params")} for step in settings["features"]]
    params = settings["params"]
    entries = [*(step["params"] for step in features), params]
    flat = {name: value for entry in entries for name, value in entry.items() if name != "params"}
    write_json(
        path,
        {
            "model": settings["model"],
            "family": settings["family"],
            "family_label": family_label,
            "features": features,
            "pretrained": settings["pretrained"],
            "params": flat | params.get("params", {}),
            "seed": seed,
            "fit_seconds": fitting["seconds"],
            "predict_seconds": sum_usage(predicts)["seconds"],
            "tuning_seconds": sum_usage(searches)["seconds"] if searches else None,
            "peak_memory_mb": max(fitting["peak_memory_mb"], peak_memory_mb()),
            "stored_mb": stored_bytes / 1e6,
            "n_parameters": n_parameters,
            "has_probabilities": probabilities,
            **(facts or {}),
            # Read by models/saved_model.py.
            "inference": {**settings["inference"], "params": params},
            "device": device,
            "processor": cpu_name(),
            "threads": fitting["threads"],
            "versions": versions(),
        }
        | (facts or {}),
    )
