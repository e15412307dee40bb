"""Fit a classifier of scikit-learn's interface."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.estimators.classifier import build, fit, store
from cifarbench.study.command import run
from cifarbench.study.contract import decided
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(
    features: Path,
    labels: Path,
    division: list[Path],
    best: list[Path],
    estimator: Path,
    cost: Path,
    settings: dict,
    threads: int,
) -> None:
    """features: of all training images, (N, D). division: of the part; none for all images.

    best: a grid's choice, if there is one. settings: `model`, `params`, `chosen`, `features`, `part`, `seed`.
    """
    params, classes = decided(settings, best)["params"], np.load(labels)
    rows, _ = rows_of(settings["part"], len(classes), np.load(division[0]) if division else None)
    found = build(params["estimator"], params["params"], settings["seed"], f"models.{settings['model']}")
    values = np.load(features, mmap_mode="r")
    with Stopwatch() as watch:
        fit(found, values, classes, rows, params["batch_size"], settings["seed"])
    store(found, estimator)
    write_json(cost, cost_record(watch.seconds, threads))


if __name__ == "__main__":
    run(main)
