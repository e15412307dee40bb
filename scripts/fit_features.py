"""Fit a feature type to a subset of the training images."""

from hashlib import sha256

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.features import get_module
from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.io.atomic import read_json, save_npz, write_json
from cifarbench.planning.model_family import choose_params
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the fitted state and its cost.

    moments: the covariance of all images and, for a fold, that of the images left out; none unless the type needs it.
    settings: `type`, `params`, `chosen`, `part`, `seed`.
    """
    dataset = read_json(job.input.dataset)
    params = choose_params(job.settings, read_json(job.input.best[0]) if job.input.best else {})
    values = np.load(job.input.inputs, mmap_mode="r")
    rows, _ = load_split_indices(job.settings["part"], len(values), job.input.division)
    with Timer() as watch:
        covariances = [RunningCovariance.load(path) for path in job.input.moments]
        fit_inputs = FitInputs(
            values,
            rows,
            np.load(job.input.labels, mmap_mode="r"),
            len(dataset["classes"]),
            tuple(dataset["image_shape"]),
            job.settings["seed"],
            covariances[0] - covariances[1] if len(covariances) > 1 else next(iter(covariances), None),
        )
        state = get_module(job.settings["type"]).fit(fit_inputs, params)
    save_npz(job.output.fitted, **state)
    # For the check that features are fitted to their training subset only.
    checksum = sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads) | {"rows_sha256": checksum})
