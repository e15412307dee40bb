"""The files of a comparison across datasets: real tables, figures and page of simulated predictions."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml

import compare_across_datasets
import fit_learning_curves
import plot_suite
import write_suite_report
from cifarbench.evaluation.statistics import wilson_interval
from cifarbench.io.atomic import save_npz
from cifarbench.io.csv_io import Row, write_csv
from cifarbench.suite import ranks
from cifarbench.suite.results_table import COLUMNS
from helpers.jobs import run_job

SIZES = [250, 500, 1000, 2000, 4000]
N_TEST = 1500
# Accuracy with all images and with the fewest; seconds to fit; standard deviation between seeds.
MODELS = {
    "knn_raw": (0.55, 0.47, 0.2, 0.0),
    "knn_pca": (0.58, 0.44, 0.5, 0.0),
    "mlp": (0.66, 0.36, 30.0, 0.006),
    "mlp_batchnorm_dropout": (0.64, 0.40, 60.0, 0.009),
}
STYLE = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text())["figures"]


def simulate(
    folder: Path, datasets: list[str], repeats: int = 3, language: str = "en", holes: bool = True
) -> Path:
    """Write all files to a folder as the rules would, and return the page. holes: a model is absent, a run failed."""
    tables, curves = [], []
    for number, dataset in enumerate(datasets):
        random = np.random.default_rng(number)
        models = [model for model in MODELS if not (holes and number == 1 and model == "knn_pca")]
        own = folder / dataset
        answers = {model: _answers(model, 0.03 * number, random) for model in models}
        rows = [row for model in models for row in _rows(dataset, model, answers[model], repeats, random)]
        if holes and number == 0:
            failed = {"accuracy": None, "error": "train_network: the training loss is nan in epoch 3"}
            rows = [
                row | failed if row["varied_factor"] == "data_seed" and row["seed"] == 1 else row
                for row in rows
            ]
        if holes and number == 2:
            whole = [row for row in rows if row["varied_factor"] is None]
            there = {"varied_factor": "test_set", "test_set": "foggy", "test_set_hash": "fog"}
            rows += [row | there | {"accuracy": row["accuracy"] - 0.1} for row in whole]
        write_csv(own / "runs.csv", {name: [row[name] for row in rows] for name in COLUMNS})
        tables.append(own / "runs.csv")
        paths = []
        for model in models:
            for size, right in zip(SIZES, answers[model], strict=True):
                paths.append(own / f"{model}_{size}.npz")
                save_npz(paths[-1], y_true=np.ones(N_TEST, int), y_pred=right.astype(int))
        curves.append(own / "curves.json")
        run_job(
            fit_learning_curves,
            {"predictions": paths},
            {"curves": curves[-1]},
            {"models": models, "sizes": SIZES, "seed": 0},
        )
    files = {
        "ranks": folder / "ranks.csv",
        "datasets_tests": folder / "dataset_tests.csv",
        "all_variances": folder / "variances.csv",
        "all_pairs": folder / "win_probabilities.csv",
    }
    names = {"fronts": "pareto", "curves": "learning_curves", "variances": "variances"}
    figures = {output: folder / f"figures/{name}.svg" for output, name in names.items()}
    about: dict[str, Any] = {"datasets": datasets, "models": list(MODELS), "with_curves": datasets, "seed": 0}
    with patch.object(ranks, "N_POSTERIOR_SAMPLES", 5000):
        run_job(compare_across_datasets, {"runs": tables}, files | {"all_runs": folder / "runs.csv"}, about)
    files |= {"runs": folder / "runs.csv", "curves": curves}
    run_job(plot_suite, files, figures, about | {"style": STYLE["text"] | STYLE["cost"]})
    suite = {"datasets": datasets, "sizes": 4, "repeats": {"n_seeds": repeats, "n_splits": repeats}}
    page = folder / "report.html"
    run_job(
        write_suite_report,
        files | {"figures": [*figures.values()]},
        {"page": page, "checks": folder / "checks.json"},
        about | {"language": language, "suite": suite, "mute": []},
    )
    return page


def _answers(model: str, accuracy_gain: float, random: np.random.Generator) -> np.ndarray:
    best, least, *_ = MODELS[model]
    shares = np.linspace(0, 1, len(SIZES)) ** 0.8
    accuracies = np.minimum(least + accuracy_gain + (best - least) * shares, 0.98)
    return random.random(N_TEST) < accuracies[:, None]


def _rows(
    dataset: str, model: str, answers: np.ndarray, repeats: int, random: np.random.Generator
) -> list[Row]:
    _, _, seconds, seed_std = MODELS[model]
    accuracies = answers.mean(axis=1)

    def row(accuracy: float, **more: Any) -> Row:
        low, high = wilson_interval(round(accuracy * N_TEST), N_TEST)
        about = {"dataset": dataset, "model": model, "family": "mlp" if seed_std else "knn"}
        about |= {"is_iterative": seed_std > 0, "split": 0, "train_size": SIZES[-1], "full_train": True}
        about |= {"seed": 0 if seed_std else None, "pretrained": False}
        scores = {"accuracy": accuracy, "accuracy_low": low, "accuracy_high": high, "n_test": N_TEST}
        scores |= {
            "test_set_hash": f"{dataset} {more.get('split', 0)}",
            "code_hash": "code",
            "type": "models",
        }
        scores |= {"fit_seconds": seconds, "predict_seconds": 0.1}
        return dict.fromkeys(COLUMNS) | about | scores | more

    own = float(accuracies[-1])
    rows = [row(own)]
    for size, accuracy in zip(SIZES[:-1], accuracies[:-1], strict=True):
        rows.append(row(float(accuracy), train_size=size, full_train=False, varied_factor="train_size"))
    for k in range(1, repeats):
        split = random.normal(0, 0.01)
        rows.append(row(own + split, split=k, varied_factor="split"))
        if seed_std:
            rows.append(row(own + random.normal(0, seed_std / 2), init_seed=k, varied_factor="init_seed"))
            rows.append(row(own + random.normal(0, seed_std), seed=k, init_seed=0, varied_factor="data_seed"))
            rows.append(row(own + split + random.normal(0, seed_std), seed=k, split=k, varied_factor="all"))
    return rows
