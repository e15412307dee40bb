"""Fit learning curves: the accuracy of a dataset's models by the number of training images."""

import numpy as np

from cifarbench.io.atomic import load_npz, write_json
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job
from cifarbench.suite.learning_curves import analyze_learning_curves


def main(job: Job) -> None:
    """Write the learning curve of each model that failed at no size.

    predictions: of each model at each size, all images last. settings: `models`, in the order of `predictions`;
    `sizes`, ascending; `seed`, of the bootstrap.
    """
    n_sizes = len(job.settings["sizes"])
    correct = {}
    for number, model in enumerate(job.settings["models"]):
        paths = job.input.predictions[number * n_sizes : (number + 1) * n_sizes]
        if not find_failure(paths):
            predictions = [load_npz(path) for path in paths]
            correct[model] = np.array([arrays["y_pred"] == arrays["y_true"] for arrays in predictions])
    write_json(
        job.output.curves, analyze_learning_curves(correct, job.settings["sizes"], job.settings["seed"])
    )
