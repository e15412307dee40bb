"""Compute the moments of the training images of a part, or of those that it, being a fold, leaves out."""

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.features.moments import Moments
from cifarbench.runtime.job import Job, run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """division: what the part is read from; none for all images. settings: `part`."""
    pixels = np.load(job.input.images, mmap_mode="r")
    rows, left_out = rows_of(
        job.settings["part"], len(pixels), np.load(job.input.division[0]) if job.input.division else None
    )
    with Stopwatch() as watch:
        # A fold's moments are those of all images less these, which are fewer.
        found = Moments.of(pixels, left_out if len(left_out) else rows, job.threads)
    found.save(job.output.moments)
    write_json(job.output.cost, cost_record(watch.seconds, job.threads))


if __name__ == "__main__":
    run(main)
