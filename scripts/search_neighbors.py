"""Search the training images that a smaller size lacks for the test images' nearest neighbours."""

import numpy as np

from cifarbench.data.parts import rows_beyond, rows_of
from cifarbench.neighbors.approximate import found_rows
from cifarbench.neighbors.search import write_neighbors
from cifarbench.runtime.job import Job, run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """settings: those of the model, and `beyond`: the number of first images that are not searched."""
    values, queries = (
        np.load(path, mmap_mode="r") for path in (job.input.train_features, job.input.test_features)
    )
    order = np.load(job.input.division[0])
    rows, _ = rows_of(job.settings["part"], len(values), order)
    rows = rows_beyond(job.settings["beyond"], rows, order)
    preparing = Stopwatch()
    with Stopwatch() as watch:
        found = found_rows(
            *(values, rows, queries, job.settings["params"]),
            threads=job.threads,
            memory_mb=job.options["memory_mb"],
            preparing=preparing,
        )
    write_neighbors(job.output.neighbors, *found)
    costs = {"fit": preparing.seconds, "predict": watch.seconds - preparing.seconds}
    write_json(job.output.cost, {step: cost_record(seconds, job.threads) for step, seconds in costs.items()})


if __name__ == "__main__":
    run(main)
