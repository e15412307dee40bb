"""Comparison of all models: the table, and the images on which models agree or disagree."""

from typing import Any

import numpy as np
from tabulate import tabulate

from cifarbench.io.csv_io import COST_COLUMNS, METRIC_COLUMNS, Row

COLUMNS = (
    *("model", "family", "accuracy", "accuracy_low", "accuracy_high", "macro_f1"),
    *COST_COLUMNS,
    *("macro_f1_low", "macro_f1_high", "top2_accuracy", "ece", "predict_ms_per_image"),
    *(name + end for name in METRIC_COLUMNS for end in ("", "_low", "_high") if name + end != "ece"),
    *("rank", "rank_low", "rank_high", "p_best", "tied_with_best"),
    *("n_seeds", "accuracy_seed_mean", "accuracy_seed_std"),
    *("family_label", "features", "tuning_seconds", "pretrained", "error"),
)
# Costs in the table for a paper -> how they are formatted.
LATEX_COSTS = {
    "fit_seconds": ".3g",
    "predict_ms_per_image": ".3g",
    "peak_memory_mb": ".1f",
    "stored_mb": ".1f",
    "n_parameters": ",",
}


def comparison_table(
    families: dict[str, str],
    metrics: dict[str, dict[str, Any]],
    fits: dict[str, dict[str, Any]],
    failures: dict[str, str],
    ranks: dict[str, dict[str, Any]] | None = None,
) -> dict[str, list[Any]]:
    """Return the columns of comparison.csv, one entry per model.

    families: model -> family, in the configuration's order. metrics: run -> content of metrics.json; a run is a model
    or, as `model/seed_n`, a further seed of it that did not fail. fits: model -> content of fit.json. failures: model
    -> reason of the failure; its other cells are empty. ranks: model -> its columns on ranks, of ranked models.

    Intervals are those of the first seed, over test images. `accuracy_seed_mean` and `accuracy_seed_std` (sample
    standard deviation) are over seeds; they are empty for a model that was trained once.
    """
    rows = []
    for model, family in families.items():
        row = dict.fromkeys(COLUMNS) | {"model": model, "family": family, "error": failures.get(model)}
        if model not in failures:
            by_seed = [
                scores["accuracy"]
                for run, scores in metrics.items()
                if run == model or run.startswith(f"{model}/")
            ]
            row |= _row(metrics[model], fits[model], by_seed) | (ranks or {}).get(model, {})
        rows.append(row)
    return {name: [row[name] for row in rows] for name in COLUMNS}


def _row(scores: dict[str, Any], fit: dict[str, Any], by_seed: list[float]) -> dict[str, Any]:
    has_seeds = len(by_seed) > 1
    return {
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_ci95"][0],
        "accuracy_high": scores["accuracy_ci95"][1],
        "macro_f1": scores["macro"]["f1"],
        **{name: fit[name] for name in COST_COLUMNS},
        "macro_f1_low": scores["macro_f1_ci95"][0],
        "macro_f1_high": scores["macro_f1_ci95"][1],
        "top2_accuracy": scores["top2_accuracy"],
        **_metric_columns(scores),
        "predict_ms_per_image": None
        if fit["predict_seconds"] is None
        else 1000 * fit["predict_seconds"] / scores["n_test"],
        "n_seeds": len(by_seed),
        "accuracy_seed_mean": float(np.mean(by_seed)) if has_seeds else None,
        "accuracy_seed_std": float(np.std(by_seed, ddof=1)) if has_seeds else None,
        "family_label": fit["family_label"],
        "features": " > ".join(step["name"] for step in fit["features"]) or None,
        "tuning_seconds": fit["tuning_seconds"],
        "pretrained": fit.get("pretrained", False),
    }


def _metric_columns(scores: dict[str, Any]) -> dict[str, float | None]:
    """Return value, low and high of each of METRIC_COLUMNS."""
    columns: dict[str, float | None] = {}
    for name in METRIC_COLUMNS:
        key, _, average = name.partition("roc_auc_")
        key = key or "roc_auc"
        value, interval = scores[key], scores[f"{key}_ci95"]
        if average:
            value, interval = value[average], interval[average]
        columns |= zip(
            (name, f"{name}_low", f"{name}_high"), (value, *(interval or (None, None))), strict=True
        )
    return columns


def model_agreement(y_true: np.ndarray, y_pred: dict[str, np.ndarray], classes: list[str]) -> dict[str, Any]:
    """Return which test images all models, no model or a single model classifies correctly, ready for JSON.

    y_true: (N,) int. y_pred: model -> (N,) int. For each image that all models misclassify, `predicted` is the class
    that most models predict (of equals the first) and `votes` the number of those models.
    """
    predictions = np.array([*y_pred.values()], dtype=int).reshape(len(y_pred), len(y_true))
    correct = predictions == y_true
    n_correct = correct.sum(axis=0)
    all_wrong = np.flatnonzero(n_correct == 0)
    # (n_classes, images): number of models that predict the class.
    votes = (predictions[:, all_wrong] == np.arange(len(classes))[:, None, None]).sum(axis=1)
    return {
        "n_test": len(y_true),
        "n_models": len(y_pred),
        "correct_by_all": {"count": int(np.sum(n_correct == len(predictions)))},
        "correct_by_none": {
            "count": len(all_wrong),
            "indices": all_wrong.tolist(),
            "true": [classes[i] for i in y_true[all_wrong]],
            "predicted": [classes[i] for i in votes.argmax(axis=0)] if len(all_wrong) else [],
            "votes": votes.max(axis=0).tolist() if len(all_wrong) else [],
        },
        "correct_by_one": {
            model: _images(only) for model, only in zip(y_pred, correct & (n_correct == 1), strict=True)
        },
    }


def best_per_family_disagreement(
    y_true: np.ndarray, y_pred: dict[str, np.ndarray], family_labels: dict[str, str]
) -> dict[str, Any]:
    """Compare the best model with the best of each other family, ready for JSON.

    y_true: (N,) int. y_pred: model -> (N,) int. family_labels: of the models to compare. `best` is the most accurate
    one (of equals the first; None without any), `only_best` are the images that it classifies correctly and no other
    does. `others`, the most accurate first, have as `only_other` the images that they classify correctly and the best
    model does not.
    """
    correct = {model: y_pred[model] == y_true for model in family_labels}
    best_of_family: dict[str, str] = {}
    for model in sorted(family_labels, key=lambda model: -correct[model].mean()):
        best_of_family.setdefault(family_labels[model], model)
    ranked = [*best_of_family.values()]
    best, runners_up = ranked[0] if ranked else None, ranked[1:]
    correct_best = only_best = correct[best] if best else np.zeros(0, bool)
    for model in runners_up:
        only_best = only_best & ~correct[model]
    return {
        "best": best,
        "only_best": _images(only_best),
        "others": [
            {
                "model": model,
                "family_label": family_labels[model],
                "only_other": _images(correct[model] & ~correct_best),
            }
            for model in runners_up
        ],
    }


def _images(chosen: np.ndarray) -> dict[str, Any]:
    return {"count": int(chosen.sum()), "indices": np.flatnonzero(chosen).tolist()}


def to_latex(rows: list[Row]) -> str:
    """Return the table for a paper in LaTeX, which needs the package `booktabs`.

    rows: those of comparison.csv whose models did not fail.
    """
    headers = ["Model", "Accuracy [95% CI]", "Macro F1 [95% CI]", "Fit (s)", "Predict (ms/image)"]
    headers += ["Peak memory (MB)", "Stored (MB)", "Parameters"]
    table = [
        [
            row["model"],
            _with_interval(row, "accuracy"),
            _with_interval(row, "macro_f1"),
            *("--" if row[name] is None else format(row[name], style) for name, style in LATEX_COSTS.items()),
        ]
        for row in rows
    ] or [[""] * len(headers)]
    alignment = ["left"] * 3 + ["right"] * 5
    return tabulate(table, headers, "latex_booktabs", disable_numparse=True, colalign=alignment) + "\n"


def _with_interval(row: Row, name: str) -> str:
    return f"{row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"
