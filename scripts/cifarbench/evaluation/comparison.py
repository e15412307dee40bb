"""All models side by side: the table, and the images on which they agree."""

from typing import Any

import numpy as np

from cifarbench.io.csv_io import Row

COST_COLUMNS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters")
COLUMNS = (
    *("model", "family", "accuracy", "accuracy_low", "accuracy_high", "macro_f1"),
    *COST_COLUMNS,
    *("macro_f1_low", "macro_f1_high", "top2_accuracy", "ece", "predict_ms_per_image"),
    *("n_seeds", "accuracy_seed_mean", "accuracy_seed_std"),
    *("family_label", "features", "tuning_seconds", "pretrained", "error"),
)
# Columns of the table for papers: header, format of a value.
LATEX_COLUMNS = {
    "model": "Model",
    "accuracy": "Accuracy [95\\% CI]",
    "macro_f1": "Macro F1 [95\\% CI]",
    "fit_seconds": "Fit (s)",
    "predict_ms_per_image": "Predict (ms/image)",
    "peak_memory_mb": "Peak memory (MB)",
    "stored_mb": "Stored (MB)",
    "n_parameters": "Parameters",
}


def comparison_table(
    families: dict[str, str],
    metrics: dict[str, dict[str, Any]],
    fits: dict[str, dict[str, Any]],
    failures: dict[str, str],
) -> dict[str, list]:
    """Return the columns of comparison.csv, one entry per model.

    families: model -> family, in the configuration's order. metrics: run -> content of metrics.json, where a run is
    a model or, as `model/seed_n`, a further seed of it. fits: model -> content of fit.json. failures: model -> why it
    is not among them; all its other cells are empty. A further seed that failed is just not there.

    The intervals tell how sure the first seed's figures are, given so many test images. `accuracy_seed_mean`
    and `accuracy_seed_std` (sample standard deviation) tell how much the training's luck matters; they are
    empty for a model that was trained once.
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
            row |= _row(metrics[model], fits[model], by_seed)
        rows.append(row)
    return {name: [row[name] for row in rows] for name in COLUMNS}


def _row(scores: dict[str, Any], fit: dict[str, Any], by_seed: list[float]) -> dict[str, Any]:
    several = len(by_seed) > 1
    return {
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_ci95"][0],
        "accuracy_high": scores["accuracy_ci95"][1],
        "macro_f1": scores["macro"]["f1"],
        **{name: fit[name] for name in COST_COLUMNS},
        "macro_f1_low": scores["macro_f1_ci95"][0],
        "macro_f1_high": scores["macro_f1_ci95"][1],
        "top2_accuracy": scores["top2_accuracy"],
        "ece": scores["expected_calibration_error"],
        "predict_ms_per_image": 1000 * fit["predict_seconds"] / scores["n_test"],
        "n_seeds": len(by_seed),
        "accuracy_seed_mean": float(np.mean(by_seed)) if several else None,
        "accuracy_seed_std": float(np.std(by_seed, ddof=1)) if several else None,
        "family_label": fit["family_label"],
        "features": " > ".join(one["name"] for one in fit["features"]) or None,
        "tuning_seconds": fit["tuning_seconds"],
        # Whether its features have seen other images than the training images.
        "pretrained": fit.get("pretrained", False),
    }


def drop_failed(rows: list[Row]) -> list[Row]:
    """Return the rows of comparison.csv whose models did not fail."""
    return [row for row in rows if row["error"] is None]


def model_agreement(y_true: np.ndarray, y_pred: dict[str, np.ndarray], classes: list[str]) -> dict[str, Any]:
    """Return which test images all models, no model or a single model classifies correctly, ready for JSON.

    y_true: (N,) int. y_pred: model -> (N,) int. For each image that all get wrong, `predicted` is the class
    that most models take it for (of equals the first) and `votes` the number of those models. With one model,
    the images that it alone gets right are all that it gets right; without any, no image counts.
    """
    answers = np.array([*y_pred.values()], dtype=int).reshape(len(y_pred), len(y_true))
    correct = answers == y_true
    n_right = correct.sum(axis=0)
    none_right = np.flatnonzero(n_right == 0)
    # (n_classes, images): how many models take the image for the class.
    votes = (answers[:, none_right] == np.arange(len(classes))[:, None, None]).sum(axis=1)
    return {
        "n_test": len(y_true),
        "n_models": len(y_pred),
        "correct_by_all": {"count": int(np.sum(n_right == len(answers)))},
        "correct_by_none": {
            "count": len(none_right),
            "indices": none_right.tolist(),
            "true": [classes[i] for i in y_true[none_right]],
            "predicted": [classes[i] for i in votes.argmax(axis=0)] if len(none_right) else [],
            "votes": votes.max(axis=0).tolist() if len(none_right) else [],
        },
        "correct_by_one": {
            model: _images(alone) for model, alone in zip(y_pred, correct & (n_right == 1), strict=True)
        },
    }


def best_per_family_disagreement(
    y_true: np.ndarray, y_pred: dict[str, np.ndarray], kinds: dict[str, str]
) -> dict[str, Any]:
    """Compare the best model with the best of each other family: images that only one gets right, ready for JSON.

    y_true: (N,) int. y_pred: model -> (N,) int. kinds: model -> what it belongs to, of the models that take part.
    `best` is the most accurate of them (of equals the first; None without any). `only_best` are the images that it
    gets right and no rival does; each of `others`, the most accurate first, has those that it gets right and the
    best model does not.
    """
    correct = {model: y_pred[model] == y_true for model in kinds}
    order = sorted(kinds, key=lambda model: -correct[model].mean())
    best_of_kind = {kinds[model]: model for model in reversed(order)}
    best = order[0] if order else None
    others = [
        model for model in order[1:] if best_of_kind[kinds[model]] == model and kinds[model] != kinds[best]
    ]
    none_else = (
        ~np.any([correct[model] for model in others], axis=0) if others else np.ones(len(y_true), bool)
    )
    return {
        "best": best,
        "only_best": _images(correct[best] & none_else) if best else _images(np.zeros(0, bool)),
        "others": [
            {
                "model": model,
                "family_label": kinds[model],
                "only_other": _images(correct[model] & ~correct[best]),
            }
            for model in others
        ],
    }


def _images(chosen: np.ndarray) -> dict[str, Any]:
    return {"count": int(chosen.sum()), "indices": np.flatnonzero(chosen).tolist()}


def to_latex(rows: list[Row]) -> str:
    """Return the table for a paper in LaTeX; it needs \\usepackage{booktabs}.

    rows: those of comparison.csv whose models did not fail.
    """
    best = max((row["accuracy"] for row in rows if not row["pretrained"]), default=None)

    def interval(row: Row, name: str) -> str:
        text = "{:.3f} [{:.3f}, {:.3f}]".format(*(row[name + end] for end in ("", "_low", "_high")))
        is_best = name == "accuracy" and row["accuracy"] == best and not row["pretrained"]
        return f"\\textbf{{{text}}}" if is_best else text

    body = [
        [
            "\\texttt{" + row["model"].replace("_", "\\_") + "}",
            interval(row, "accuracy"),
            interval(row, "macro_f1"),
            *(f"{row[name]:.3g}" for name in ("fit_seconds", "predict_ms_per_image")),
            *(f"{row[name]:.1f}" for name in ("peak_memory_mb", "stored_mb")),
            "--" if row["n_parameters"] is None else f"{row['n_parameters']:,}".replace(",", "\\,"),
        ]
        for row in rows
    ]
    lines = [
        "\\begin{tabular}{lllrrrrr}",
        "\\toprule",
        " & ".join(LATEX_COLUMNS.values()) + " \\\\",
        "\\midrule",
        *(" & ".join(cells) + " \\\\" for cells in body),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"
