"""Compare all models on the test images that all of them saw."""

from pathlib import Path

import numpy as np

from cifarbench.evaluation import comparison as compare
from cifarbench.evaluation.statistics import paired_tests
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_json, write_text
from cifarbench.study.tables import write_table


def main(
    predictions: list[Path],
    fits: list[Path],
    metrics: list[Path],
    dataset: Path,
    comparison: Path,
    latex_table: Path,
    tests: Path,
    agreement: Path,
    settings: dict,
) -> None:
    """settings: `models`, in the order of `predictions` and `fits`; `runs`, in that of `metrics`; `seed`."""
    models, runs = settings["models"], settings["runs"]
    y_pred = {}
    for model, path in zip(models, predictions, strict=True):
        with np.load(path) as arrays:
            y_true, y_pred[model] = arrays["y_true"], arrays["y_pred"]

    columns = compare.table(
        models,
        runs,
        metrics={name: read_json(path) for name, path in zip(runs, metrics, strict=True)},
        fits={name: read_json(path) for name, path in zip(models, fits, strict=True)},
    )
    write_table(comparison, columns)
    write_text(latex_table, compare.latex(columns))
    correct = {model: answers == y_true for model, answers in y_pred.items()}
    write_table(tests, paired_tests(correct, settings["seed"]))
    write_json(agreement, compare.agreement(y_true, y_pred, read_json(dataset)["classes"]))


if __name__ == "__main__":
    run(main)
