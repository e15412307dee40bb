"""Search the training images that are not in a smaller subset for the nearest neighbours of the test images."""

import numpy as np

from cifarbench.data.splits import rows_beyond, split_indices
from cifarbench.io.atomic import save_npz, write_json
from cifarbench.models.knn.ann import knn_search
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the neighbours and costs.

    settings: `params`, `part`, and `beyond`, the number of first images that are not searched.
    """
    values, queries = (
        np.load(path, mmap_mode="r") for path in (job.input.train_features, job.input.test_features)
    )
    order = np.load(job.input.division[0])
    rows, _ = split_indices(job.settings["part"], len(values), order)
    rows = rows_beyond(job.settings["beyond"], rows, order)
    preparing = Timer()
    with Timer() as watch:
        neighbors, squares = knn_search(
            *(values, rows, queries, job.settings["params"]),
            threads=job.threads,
            memory_mb=job.options["memory_mb"],
            preparing=preparing,
        )
    save_npz(job.output.neighbors, neighbors=neighbors, squares=squares)
    costs = {"fit": preparing.seconds, "predict": watch.seconds - preparing.seconds}
    write_json(
        job.output.cost, {step: resource_usage(seconds, job.threads) for step, seconds in costs.items()}
    )
