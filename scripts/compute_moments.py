"""Compute the moments of the training images, of all or of those that a fold leaves out."""

from pathlib import Path

import numpy as np

from cifarbench.features.moments import Moments
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(images: Path, folds: list[Path], moments: Path, cost: Path, settings: dict, threads: int) -> None:
    """folds: the fold of each image, to take those of `fold` in settings; without it all images count."""
    pixels = np.load(images, mmap_mode="r")
    rows = np.flatnonzero(np.load(folds[0]) == settings["fold"]) if folds else None
    with Stopwatch() as watch:
        found = Moments.of(pixels, rows)
    found.save(moments)
    write_json(cost, cost_record(watch.seconds, threads))


if __name__ == "__main__":
    run(main)
