"""Fit a classifier of scikit-learn's interface."""

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.estimators.classifier import build, fit, store
from cifarbench.runtime.job import Job, run
from cifarbench.study.contract import decided
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """features: of all training images, (N, D). division: of the part; none for all images.

    best: a grid's choice, if there is one. settings: `model`, `params`, `chosen`, `features`, `part`, `seed`.
    """
    params, classes = decided(job.settings, job.input.best)["params"], np.load(job.input.labels)
    rows, _ = rows_of(
        job.settings["part"], len(classes), np.load(job.input.division[0]) if job.input.division else None
    )
    found = build(
        params["estimator"], params["params"], job.settings["seed"], f"models.{job.settings['model']}"
    )
    values = np.load(job.input.features, mmap_mode="r")
    with Stopwatch() as watch:
        fit(found, values, classes, rows, params["batch_size"], job.settings["seed"])
    store(found, job.output.estimator)
    write_json(job.output.cost, cost_record(watch.seconds, job.threads))


if __name__ == "__main__":
    run(main)
