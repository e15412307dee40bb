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
    """Return the number of correct predictions for each k, the number of validation images, and the cost.

    With `metric` in the settings, `scores` in place of the correct predictions, for each of `n_neighbors`.
    """
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
        if metric := job.settings.get("metric"):
            scores = _scores(metric, job.settings["n_neighbors"], voters, weights, classes, left_out)
        else:
            correct = correct_counts_per_k(voters, classes[left_out], weights)
            scores = {"correct": {str(k): int(count) for k, count in enumerate(correct, 1)}}
    return {
        **scores,
        "validation": len(left_out),
        "cost": resource_usage(watch.seconds, job.threads),
    }


def _scores(
    metric: str,
    n_neighbors: list[int],
    voters: np.ndarray,
    weights: np.ndarray | None,
    classes: np.ndarray,
    left_out: np.ndarray,
) -> dict[str, Any]:
    scores = {}
    for k in n_neighbors:
        proba = predict_proba(voters[:, :k], classes.max() + 1, None if weights is None else weights[:, :k])
        scores[str(k)] = score_predictions(metric, classes[left_out], proba.argmax(axis=1), proba)
    return {"scores": scores}
