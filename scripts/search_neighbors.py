"""Search one shard of the training images for the test images' nearest neighbours."""

import numpy as np

from cifarbench.data.parts import rows_of, rows_of_shard
from cifarbench.neighbors.approximate import found_rows
from cifarbench.neighbors.search import write_neighbors
from cifarbench.runtime.job import Job, run
from cifarbench.study.contract import decided
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """train_features, test_features: (N, D), pixels or features. division: of the part; none for all images.

    best: a grid's choice, if there is one. settings: those of the model, and `shard`: its number, and of
    how many; or `beyond`, so many first images.
    """
    params = decided(job.settings, job.input.best)["params"]
    values, queries = (
        np.load(path, mmap_mode="r") for path in (job.input.train_features, job.input.test_features)
    )
    order = np.load(job.input.division[0]) if job.input.division else None
    rows, _ = rows_of(job.settings["part"], len(values), order)
    rows = rows_of_shard(rows, job.settings["shard"], order)
    preparing = Stopwatch()
    with Stopwatch() as watch:
        found = found_rows(
            values,
            rows,
            queries,
            params,
            threads=job.threads,
            memory_mb=job.options["memory_mb"],
            preparing=preparing,
        )
    write_neighbors(job.output.neighbors, *found)
    costs = {"fit": preparing.seconds, "predict": watch.seconds - preparing.seconds}
    write_json(job.output.cost, {step: cost_record(seconds, job.threads) for step, seconds in costs.items()})


if __name__ == "__main__":
    run(main)
