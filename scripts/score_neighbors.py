"""Score one cell of a kNN's grid: one fold, and every number of neighbours up to the largest."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.search import correct_by_neighbors, nearest, points_of, voices
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(features: Path, labels: Path, division: Path, cell: Path, settings: dict, threads: int) -> None:
    """features: of all training images, fitted to those in the fold. settings: `part`, `params`, `max_neighbors`."""
    params, classes = settings["params"], np.load(labels)
    rows, left_out = rows_of(settings["part"], len(classes), np.load(division))
    with Stopwatch() as watch:
        values = np.load(features, mmap_mode="r")
        train, validation = (points_of(values[part], params["metric"]) for part in (rows, left_out))
        neighbors, squares = nearest(train, validation, settings["max_neighbors"], threads)
        correct = correct_by_neighbors(classes[rows][neighbors], classes[left_out], voices(squares, params))
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
