"""Score a kNN on one fold, for all numbers of neighbours up to the largest in its grid."""

from typing import Any

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.evaluation.ranking_metric import score as score_predictions
from cifarbench.io.atomic import write_json
from cifarbench.models.knn.exact import knn_blocked
from cifarbench.models.knn.voting import (
    balanced_weights,
    correct_counts_per_k,
    neighbor_weights,
    predict_proba,
)
from cifarbench.runtime.failures import record_error
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the scores, or the error; features: (N, D), of all training images, fitted without the fold.

    settings: `part`, `params`, `max_neighbors`.
    """
    write_json(job.output.cell, record_error(lambda: score(job)))


def score(job: Job) -> dict[str, Any]:
    """Return the number of correct predictions for each k, or with `metric` the `scores` for each of `n_neighbors`."""
    params, classes = job.settings["params"], np.load(job.input.labels)
    rows, left_out = load_split_indices(job.settings["part"], len(classes), job.input.division)
    with Timer() as watch:
        values = np.load(job.input.features, mmap_mode="r")
        neighbors, squares = knn_blocked(
            values,
            rows,
            values,
            left_out,
            metric=params["metric"],
            n_neighbors=job.settings["max_neighbors"],
            threads=job.threads,
            memory_mb=job.options["memory_mb"],
        )
        voters = classes[neighbors]
        weights = balanced_weights(neighbor_weights(squares, params), voters, classes[rows], params)
        truth, scores = classes[left_out], {}
        if metric := job.settings.get("metric"):
            for k in job.settings["n_neighbors"]:
                of_k = None if weights is None else weights[:, :k]
                proba = predict_proba(voters[:, :k], classes.max() + 1, of_k)
                scores[str(k)] = score_predictions(metric, truth, proba.argmax(axis=1), proba)
        else:
            scores = {str(k): int(n) for k, n in enumerate(correct_counts_per_k(voters, truth, weights), 1)}
    cost = resource_usage(watch.seconds, job.threads)
    return {"scores" if metric else "correct": scores, "validation": len(left_out), "cost": cost}
