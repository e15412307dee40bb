"""Score one cell of a kNN's grid: one fold, and every number of neighbours up to the largest."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.search import nearest_rows
from cifarbench.neighbors.voting import correct_by_neighbors, voices
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(
    features: Path, labels: Path, division: Path, cell: Path, settings: dict, threads: int, memory_mb: float
) -> None:
    """features: of all training images, fitted to those in the fold. settings: `part`, `params`, `max_neighbors`."""
    params, classes = settings["params"], np.load(labels)
    rows, left_out = rows_of(settings["part"], len(classes), np.load(division))
    with Stopwatch() as watch:
        values = np.load(features, mmap_mode="r")
        neighbors, squares = nearest_rows(
            values,
            rows,
            values,
            left_out,
            metric=params["metric"],
            n_neighbors=settings["max_neighbors"],
            threads=threads,
            memory_mb=memory_mb,
        )
        correct = correct_by_neighbors(classes[neighbors], classes[left_out], voices(squares, params))
    write_json(
        cell,
        {
            "correct": {str(k): int(count) for k, count in enumerate(correct, 1)},
            "validation": len(left_out),
            "cost": cost_record(watch.seconds, threads),
        },
    )


if __name__ == "__main__":
    run(main)
