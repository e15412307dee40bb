"""Score a model's predictions."""

from pathlib import Path

import numpy as np

from cifarbench.evaluation.metrics import score
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_json


def main(predictions: Path, dataset: Path, metrics: Path, settings: dict) -> None:
    """settings: `seed`, of the bootstrap."""
    with np.load(predictions) as arrays:
        scores = score(
            arrays["y_true"],
            arrays["y_pred"],
            arrays["proba"],
            read_json(dataset)["classes"],
            settings["seed"],
        )
    write_json(metrics, scores)


if __name__ == "__main__":
    run(main)
