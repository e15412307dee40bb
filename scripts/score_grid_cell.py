"""Score one cell of the grid: one fold, one number of components, all numbers of neighbours up to the largest."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from cifarbench.features.components import PrincipalComponents
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json
from cifarbench.tuning.grid import score_cell


def main(
    images: Path, labels: Path, folds: Path, components: Path, cell: Path, settings: dict, threads: int
) -> None:
    """settings: `fold`, `n_components`, `max_neighbors`."""
    pixels, classes = np.load(images, mmap_mode="r"), np.load(labels)
    with Stopwatch() as watch:
        scored = score_cell(
            pixels,
            classes,
            np.load(folds) == settings["fold"],
            PrincipalComponents.load(components),
            settings["n_components"],
            settings["max_neighbors"],
            threads,
        )
    write_json(cell, {**asdict(scored), "cost": cost_record(watch.seconds, threads)})


if __name__ == "__main__":
    run(main)
