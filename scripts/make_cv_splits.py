"""Divide the training images: into folds of cross-validation, or by a stratified order of which parts are the first."""

import numpy as np

from cifarbench.data.splits import make_split
from cifarbench.io.atomic import save_npy
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """settings: `division`, its name, and `seed`."""
    save_npy(
        job.output.division,
        make_split(np.load(job.input.labels), job.settings["division"], job.settings["seed"]),
    )


if __name__ == "__main__":
    run(main)
