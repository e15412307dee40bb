"""Search one shard of the training images for the test images' nearest neighbours."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of, rows_of_shard
from cifarbench.neighbors.approximate import found_rows
from cifarbench.neighbors.search import write_neighbors
from cifarbench.study.command import run
from cifarbench.study.contract import decided
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(
    train_features: Path,
    test_features: Path,
    division: list[Path],
    best: list[Path],
    neighbors: Path,
    cost: Path,
    settings: dict,
    threads: int,
    memory_mb: float,
) -> None:
    """train_features, test_features: (N, D), pixels or features. division: of the part; none for all images.

    best: a grid's choice, if there is one. settings: those of the model, and `shard`: its number, and of
    how many; or `beyond`, so many first images.
    """
    params = decided(settings, best)["params"]
    values, queries = (np.load(path, mmap_mode="r") for path in (train_features, test_features))
    order = np.load(division[0]) if division else None
    rows, _ = rows_of(settings["part"], len(values), order)
    rows = rows_of_shard(rows, settings["shard"], order)
    preparing = Stopwatch()
    with Stopwatch() as watch:
        found = found_rows(
            values, rows, queries, params, threads=threads, memory_mb=memory_mb, preparing=preparing
        )
    write_neighbors(neighbors, *found)
    costs = {"fit": preparing.seconds, "predict": watch.seconds - preparing.seconds}
    write_json(cost, {step: cost_record(seconds, threads) for step, seconds in costs.items()})


if __name__ == "__main__":
    run(main)
