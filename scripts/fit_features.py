"""Fit features to the training images of a part."""

import numpy as np

from cifarbench.data.splits import split_indices
from cifarbench.features import get_module
from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.io.atomic import read_json, save_npz, write_json
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """inputs: pixels or the features that these are computed from, (N, D). division: of the part; none for all images.

    moments: those of all images, and of those that a fold leaves out; none for a kind that is not fitted to moments
    of pixels. best: a grid's choice, of parameters that settings name as `chosen`. settings: `kind`, `params`,
    `chosen` (parameter -> key of the grid), `part`, `seed`.
    """
    dataset = read_json(job.input.dataset)
    best_params = read_json(job.input.best[0]) if job.input.best else {}
    params = job.settings["params"] | {name: best_params[key] for name, key in job.settings["chosen"].items()}
    values = np.load(job.input.inputs, mmap_mode="r")
    rows, _ = split_indices(
        job.settings["part"], len(values), np.load(job.input.division[0]) if job.input.division else None
    )
    with Timer() as watch:
        given = [RunningCovariance.load(path) for path in job.input.moments]
        fit_inputs = FitInputs(
            values,
            rows,
            np.load(job.input.labels, mmap_mode="r"),
            len(dataset["classes"]),
            tuple(dataset["image_shape"]),
            job.settings["seed"],
            given[0] - given[1] if len(given) > 1 else next(iter(given), None),
        )
        state = get_module(job.settings["type"]).fit(fit_inputs, params)
    save_npz(job.output.fitted, **state)
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads))
