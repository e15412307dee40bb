"""Describe how the accuracy of a dataset's models depends on the number of training images."""

import numpy as np

from cifarbench.io.atomic import load_npz, write_json
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job
from cifarbench.suite.learning_curves import analyze_learning_curves


def main(job: Job) -> None:
    """predictions: of each model at each size, the whole last; a model of which one failed has no curve.

    settings: `models`, in the order of `predictions`; `sizes`, ascending; `seed`, of the bootstrap.
    """
    n_sizes = len(job.settings["sizes"])
    correct = {}
    for number, model in enumerate(job.settings["models"]):
        paths = job.input.predictions[number * n_sizes : (number + 1) * n_sizes]
        if not find_failure(paths):
            answers = [load_npz(path) for path in paths]
            correct[model] = np.array([one["y_pred"] == one["y_true"] for one in answers])
    write_json(
        job.output.curves, analyze_learning_curves(correct, job.settings["sizes"], job.settings["seed"])
    )
