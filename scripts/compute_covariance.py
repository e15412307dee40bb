"""Compute the moments of the training images of a part, or of those that it, being a fold, leaves out."""

import numpy as np

from cifarbench.data.splits import split_indices
from cifarbench.features.covariance import RunningCovariance
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """division: what the part is read from; none for all images. settings: `part`."""
    pixels = np.load(job.input.images, mmap_mode="r")
    rows, left_out = split_indices(
        job.settings["part"], len(pixels), np.load(job.input.division[0]) if job.input.division else None
    )
    with Timer() as watch:
        # A fold's moments are those of all images less these, which are fewer.
        covariance = RunningCovariance.from_images(pixels, left_out if len(left_out) else rows, job.threads)
    covariance.save(job.output.moments)
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads))
