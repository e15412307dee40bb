"""Compute the features of all training or all test images, block by block."""

from pathlib import Path

import numpy as np

from cifarbench.features import get_module
from cifarbench.features.pipeline import FeatureStep
from cifarbench.io.atomic import load_npz, read_json, save_npy_blocks, write_json
from cifarbench.planning.model_family import choose_params
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the features (N, n_outputs) of `inputs` (N, D), pixels or other features.

    fitted: the fitted state, if the feature type has one. weights: receipts of published weights, among them those of
    the features, if they need any. settings: `type`, `params`, `chosen`.
    """
    params = choose_params(job.settings, read_json(job.input.best[0]) if job.input.best else {})
    shape = tuple(read_json(job.input.dataset)["image_shape"])
    values = np.load(job.input.inputs, mmap_mode="r")
    module = get_module(job.settings["type"])
    if job.input.weights:
        params = module.with_published_weights(params, Path(job.input.weights[0]).parent)
    with Timer() as watch:
        state = load_npz(job.input.fitted[0]) if job.input.fitted else {}
        save_npy_blocks(
            job.output.features,
            FeatureStep(job.settings["type"], params, state).transform_blocks(values, shape, job.threads),
            len(values),
        )
    if hasattr(module, "stored_bytes"):
        stored = module.stored_bytes(state, params)
    else:
        stored = sum(array.nbytes for array in state.values())
    write_json(job.output.cost, resource_usage(watch.seconds, job.threads) | {"stored_bytes": stored})
