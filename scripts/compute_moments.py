"""Compute the moments of the training images of a part, or of those that it, being a fold, leaves out."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.features.moments import Moments
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(images: Path, division: list[Path], moments: Path, cost: Path, settings: dict, threads: int) -> None:
    """division: what the part is read from; none for all images. settings: `part`."""
    pixels = np.load(images, mmap_mode="r")
    rows, left_out = rows_of(settings["part"], len(pixels), np.load(division[0]) if division else None)
    with Stopwatch() as watch:
        # A fold's moments are those of all images less these, which are fewer.
        found = Moments.of(pixels, left_out if len(left_out) else rows, threads)
    found.save(moments)
    write_json(cost, cost_record(watch.seconds, threads))


if __name__ == "__main__":
    run(main)
