"""Divide the training images: into folds of cross-validation, or by a stratified order of which parts are the first."""

import numpy as np

from cifarbench.data.parts import divide
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_array


def main(job: Job) -> None:
    """settings: `division`, its name, and `seed`."""
    write_array(
        job.output.division, divide(np.load(job.input.labels), job.settings["division"], job.settings["seed"])
    )


if __name__ == "__main__":
    run(main)
