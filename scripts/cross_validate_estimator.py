"""Score one parameter setting of an estimator on one fold."""

from typing import Any

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.evaluation.ranking_metric import check_probabilities
from cifarbench.evaluation.ranking_metric import score as score_predictions
from cifarbench.features.fit_inputs import scale_pixels
from cifarbench.io.atomic import write_json
from cifarbench.models.estimators.classifier import build, fit, predict
from cifarbench.runtime.failures import record_error
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the score, or the error; features: (N, D), of all training images, fitted without the fold.

    settings: `model`, `part`, `params`, `seed`.
    """
    write_json(job.output.cell, record_error(lambda: score(job)))


def score(job: Job) -> dict[str, Any]:
    """Return the number of correct predictions, or with `metric` the `scores`, and the cost."""
    params, classes = job.settings["params"], np.load(job.input.labels)
    rows, left_out = load_split_indices(job.settings["part"], len(classes), job.input.division)
    values = np.load(job.input.features, mmap_mode="r")
    estimator = build(
        params["estimator"], params["params"], job.settings["seed"], f"models.{job.settings['model']}"
    )
    with Timer() as watch:
        fit(estimator, values, classes, rows, params["batch_size"], job.settings["seed"])
        inputs, truth = scale_pixels(values[left_out]), classes[left_out]
        if metric := job.settings.get("metric"):
            y_pred, proba, has_probabilities = predict(estimator, inputs, int(classes.max()) + 1)
            check_probabilities(metric, has_probabilities)
            scores = {"scores": {"": score_predictions(metric, truth, y_pred, proba)}}
        else:
            scores = {"correct": {"": int(np.count_nonzero(estimator.predict(inputs) == truth))}}
    cost = resource_usage(watch.seconds, job.threads)
    return {**scores, "validation": len(left_out), "cost": cost}
