"""Assign the training images to folds of cross-validation, or rank them in a nested stratified order."""

import numpy as np

from cifarbench.data.splits import TooFewImagesError, make_split
from cifarbench.io.atomic import read_json, save_npy
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the split that the settings name; a class with too few images is a failure of the models with folds.

    The folds of a cross-validated dataset are those of dataset.json. models: those that are tuned on these folds.
    """
    dataset = read_json(job.input.dataset)
    if "folds" in dataset:
        save_npy(job.output.division, np.array(dataset["folds"], np.uint8))
        return
    groups = np.array(dataset["groups"]["train"]) if "groups" in dataset else None
    try:
        split = make_split(
            np.load(job.input.labels),
            job.settings["division"],
            job.settings["seed"],
            dataset["classes"],
            groups,
        )
    except TooFewImagesError as error:
        keys = " and ".join(f"models.{model}.tune.folds" for model in job.options["models"])
        job.fail(f"{keys} is {error}")
    else:
        save_npy(job.output.division, split)
