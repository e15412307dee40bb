"""Search the training images that a smaller size lacks for the test images' nearest neighbours."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_beyond, rows_of
from cifarbench.neighbors.approximate import found_rows
from cifarbench.neighbors.search import write_neighbors
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(
    train_features: Path,
    test_features: Path,
    division: list[Path],
    neighbors: Path,
    cost: Path,
    settings: dict,
    threads: int,
    memory_mb: float,
) -> None:
    """train_features, test_features: (N, D), pixels or features. division: the order of the training images.

    settings: those of the model, and `beyond`: the number of first images that are not searched.
    """
    values, queries = (np.load(path, mmap_mode="r") for path in (train_features, test_features))
    order = np.load(division[0])
    rows, _ = rows_of(settings["part"], len(values), order)
    rows = rows_beyond(settings["beyond"], rows, order)
    preparing = Stopwatch()
    with Stopwatch() as watch:
        found = found_rows(
            *(values, rows, queries, settings["params"]),
            threads=threads,
            memory_mb=memory_mb,
            preparing=preparing,
        )
    write_neighbors(neighbors, *found)
    costs = {"fit": preparing.seconds, "predict": watch.seconds - preparing.seconds}
    write_json(cost, {step: cost_record(seconds, threads) for step, seconds in costs.items()})


if __name__ == "__main__":
    run(main)
