"""Score one cell of an estimator's grid: one fold, one candidate."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.estimators.classifier import build, fit
from cifarbench.features.inputs import as_float
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(features: Path, labels: Path, division: Path, cell: Path, settings: dict, threads: int) -> None:
    """features: of all training images, fitted to those in the fold. settings: `model`, `part`, `params`, `seed`."""
    params, classes = settings["params"], np.load(labels)
    rows, left_out = rows_of(settings["part"], len(classes), np.load(division))
    values = np.load(features, mmap_mode="r")
    estimator = build(params["estimator"], params["params"], settings["seed"], f"models.{settings['model']}")
    with Stopwatch() as watch:
        fit(estimator, values, classes, rows, params["batch_size"], settings["seed"])
        correct = int(np.count_nonzero(estimator.predict(as_float(values[left_out])) == classes[left_out]))
    cost = cost_record(watch.seconds, threads)
    write_json(cell, {"correct": {"": correct}, "validation": len(left_out), "cost": cost})


if __name__ == "__main__":
    run(main)
