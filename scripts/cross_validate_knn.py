"""Score a kNN on one fold, for all numbers of neighbours up to the largest in its grid."""

from typing import Any

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.io.atomic import write_json
from cifarbench.models.knn.exact import knn_blocked
from cifarbench.models.knn.voting import correct_counts_per_k, neighbor_weights
from cifarbench.runtime.failures import record_error
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the scores, or the error; features: (N, D), of all training images, fitted without the fold.

    settings: `part`, `params`, `max_neighbors`.
    """
    write_json(job.output.cell, record_error(lambda: score(job)))


def score(job: Job) -> dict[str, Any]:
    """Return the number of correct predictions for each k, the number of validation images, and the cost."""
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
        correct = correct_counts_per_k(
            classes[neighbors], classes[left_out], neighbor_weights(squares, params)
        )
    return {
        "correct": {str(k): int(count) for k, count in enumerate(correct, 1)},
        "validation": len(left_out),
        "cost": resource_usage(watch.seconds, job.threads),
    }
