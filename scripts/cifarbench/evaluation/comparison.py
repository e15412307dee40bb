"""All models side by side: the table, and the images on which they agree."""

from typing import Any

import numpy as np

Rows = list[dict[str, Any]]

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


def table(
    models: list[str], runs: list[str], metrics: dict[str, dict[str, Any]], fits: dict[str, dict[str, Any]]
) -> dict[str, list]:
    """The columns of comparison.csv, one entry a model.

    models: in the configuration's order. runs: the models and, as `model/seed_n`, the further seeds of some.
    metrics, fits: run -> content of metrics.json and fit.json (`fits` of the models alone will do).

    The intervals tell how sure the first seed's figures are, given so many test images. `accuracy_seed_mean`
    and `accuracy_seed_std` (sample standard deviation) tell how much the training's luck matters; they are
    empty for a model that was trained once.
    """
    rows = []
    for model in models:
        scores, fit = metrics[model], fits[model]
        by_seed = [metrics[run]["accuracy"] for run in runs if run == model or run.startswith(f"{model}/")]
        several = len(by_seed) > 1
        rows.append(
            {
                "model": model,
                "family": fit["family"],
                "accuracy": scores["accuracy"],
                "accuracy_low": scores["accuracy_ci95"][0],
                "accuracy_high": scores["accuracy_ci95"][1],
                "macro_f1": scores["macro"]["f1"],
                "fit_seconds": fit["fit_seconds"],
                "predict_seconds": fit["predict_seconds"],
                "peak_memory_mb": fit["peak_memory_mb"],
                "stored_mb": fit["stored_mb"],
                "n_parameters": fit["n_parameters"],
                "macro_f1_low": scores["macro_f1_ci95"][0],
                "macro_f1_high": scores["macro_f1_ci95"][1],
                "top2_accuracy": scores["top2_accuracy"],
                "ece": scores["expected_calibration_error"],
                "predict_ms_per_image": 1000 * fit["predict_seconds"] / scores["n_test"],
                "seeds": len(by_seed),
                "accuracy_seed_mean": float(np.mean(by_seed)) if several else None,
                "accuracy_seed_std": float(np.std(by_seed, ddof=1)) if several else None,
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def agreement(y_true: np.ndarray, y_pred: dict[str, np.ndarray], classes: list[str]) -> dict[str, Any]:
    """Which test images all models get right, which none does, and which one alone does, ready for JSON.

    y_true: (N,) int. y_pred: model -> (N,) int. For each image that all get wrong, `predicted` is the class
    that most models take it for (of equals the first) and `votes` the number of those models. With one model,
    the images that it alone gets right are all that it gets right.
    """
    answers = np.stack(list(y_pred.values()))
    correct = answers == y_true
    n_right = correct.sum(axis=0)
    none_right = np.flatnonzero(n_right == 0)
    # (n_classes, images): how many models take the image for the class.
    votes = (answers[:, none_right] == np.arange(len(classes))[:, None, None]).sum(axis=1)
    return {
        "n_test": len(y_true),
        "n_models": len(y_pred),
        "all_right": {"count": int(np.sum(n_right == len(answers)))},
        "all_wrong": {
            "count": len(none_right),
            "indices": none_right.tolist(),
            "true": [classes[i] for i in y_true[none_right]],
            "predicted": [classes[i] for i in votes.argmax(axis=0)] if len(none_right) else [],
            "votes": votes.max(axis=0).tolist() if len(none_right) else [],
        },
        "only_one_right": {
            model: {"count": int(alone.sum()), "indices": np.flatnonzero(alone).tolist()}
            for model, alone in zip(y_pred, correct & (n_right == 1), strict=True)
        },
    }


def latex(columns: dict[str, list]) -> str:
    """The table for a paper, with booktabs' rules: \\usepackage{booktabs} is all that it needs."""
    best = max(columns["accuracy"])

    def interval(name: str, i: int) -> str:
        value, low, high = (columns[name + end][i] for end in ("", "_low", "_high"))
        text = f"{value:.3f} [{low:.3f}, {high:.3f}]"
        return f"\\textbf{{{text}}}" if name == "accuracy" and value == best else text

    body = []
    for i, model in enumerate(columns["model"]):
        parameters = columns["n_parameters"][i]
        body.append(
            [
                "\\texttt{" + model.replace("_", "\\_") + "}",
                interval("accuracy", i),
                interval("macro_f1", i),
                *(f"{columns[name][i]:.3g}" for name in ("fit_seconds", "predict_ms_per_image")),
                *(f"{columns[name][i]:.1f}" for name in ("peak_memory_mb", "stored_mb")),
                "--" if parameters is None else f"{parameters:,}".replace(",", "\\,"),
            ]
        )
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
