"""Compute the covariance of a subset of the training images; for a fold, of the images that it leaves out."""

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.features.covariance import RunningCovariance
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the covariance for the subset `part` of the settings."""
    pixels = np.load(job.input.images, mmap_mode="r")
    rows, left_out = load_split_indices(job.settings["part"], len(pixels), job.input.division)
    with Timer() as watch:
        # The covariance of a fold is that of all images minus that of the left-out images, which are fewer.
        covariance = RunningCovariance.from_images(pixels, left_out if len(left_out) else rows, job.threads)
    covariance.save(job.output.moments)
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads))
