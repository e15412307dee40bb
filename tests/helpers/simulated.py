"""Simulated rows of the table of runs, whose results are known."""

from typing import Any

from cifarbench.io.csv_io import Row
from cifarbench.suite.results_table import COLUMNS


def row(model: str, accuracy: float, dataset: str = "one", **more: Any) -> Row:
    """Return a run of a model, the reference run unless `varied_factor` is given."""
    about = {"split": 0, "train_size": 1000, "full_train": True, "n_test": 1000, "pretrained": False}
    scores = {"accuracy": accuracy, "code_hash": "code", "test_set_hash": f"{dataset} {more.get('split', 0)}"}
    costs = {"fit_seconds": 1.0, "predict_seconds": 0.1, "is_iterative": model.startswith("net")}
    return dict.fromkeys(COLUMNS) | {"model": model, "dataset": dataset} | about | scores | costs | more
