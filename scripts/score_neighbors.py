"""Score one cell of a kNN's grid: one fold, and every number of neighbours up to the largest."""

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.search import nearest_rows
from cifarbench.neighbors.voting import correct_by_neighbors, voices
from cifarbench.runtime.job import Job, run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """features: of all training images, fitted to those in the fold. settings: `part`, `params`, `max_neighbors`."""
    params, classes = job.settings["params"], np.load(job.input.labels)
    rows, left_out = rows_of(job.settings["part"], len(classes), np.load(job.input.division[0]))
    with Stopwatch() as watch:
        values = np.load(job.input.features, mmap_mode="r")
        neighbors, squares = nearest_rows(
            values,
            rows,
            values,
            left_out,
            metric=params["metric"],
            n_neighbors=job.settings["max_neighbors"],
            threads=job.threads,
            memory_mb=job.options["memory_mb"],
        )
        correct = correct_by_neighbors(classes[neighbors], classes[left_out], voices(squares, params))
    write_json(
        job.output.cell,
        {
            "correct": {str(k): int(count) for k, count in enumerate(correct, 1)},
            "validation": len(left_out),
            "cost": cost_record(watch.seconds, job.threads),
        },
    )


if __name__ == "__main__":
    run(main)
