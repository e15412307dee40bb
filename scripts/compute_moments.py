"""Compute the moments of the training images, of all or of those that a fold leaves out."""

from pathlib import Path

import numpy as np

from cifarbench.command import run
from cifarbench.cost import Stopwatch, cost_record
from cifarbench.files import write_json
from cifarbench.folds import validation_rows
from cifarbench.moments import Moments


def main(images: Path, labels: Path, moments: Path, cost: Path, settings: dict, threads: int) -> None:
    """settings: `fold` and `folds` choose the images of one fold; without them all count."""
    pixels = np.load(images, mmap_mode="r")
    with Stopwatch() as watch:
        rows = validation_rows(np.load(labels), settings["fold"], settings["folds"]) if settings else None
        found = Moments.of(pixels, rows)
    found.save(moments)
    write_json(cost, cost_record(watch.seconds, threads))


if __name__ == "__main__":
    run(main)
