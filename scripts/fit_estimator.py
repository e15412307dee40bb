"""Fit a classifier with scikit-learn's interface."""

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.io import sklearn_objects
from cifarbench.io.atomic import atomic_write, write_json
from cifarbench.models.estimators.classifier import build, fit
from cifarbench.models.outputs import apply_best_params
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the fitted estimator and its cost. settings: of `ResultPaths.model_params_json`, and `seed`."""
    params, classes = apply_best_params(job.settings, job.input.best)["params"], np.load(job.input.labels)
    rows, _ = load_split_indices(job.settings["part"], len(classes), job.input.division)
    estimator = build(
        params["estimator"], params["params"], job.settings["seed"], f"models.{job.settings['model']}"
    )
    values = np.load(job.input.features, mmap_mode="r")
    with Timer() as watch:
        fit(estimator, values, classes, rows, params["batch_size"], job.settings["seed"])
    with atomic_write(job.output.estimator) as file:
        file.write(sklearn_objects.dumps(estimator))
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads))
