"""Compute the features of all training or all test images, block by block."""

import numpy as np

from cifarbench.features import module_of
from cifarbench.features.chain import Step
from cifarbench.features.inputs import State
from cifarbench.runtime.job import Job, run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_arrays, read_json, write_blocks, write_json


def main(job: Job) -> None:
    """inputs: pixels, or the features that these are computed from, (N, D). fitted: what the kind has learned, if any.

    best: a grid's choice, of parameters that settings name as `chosen`. settings: `kind`, `params`, `chosen`.
    """
    choice = read_json(job.input.best[0]) if job.input.best else {}
    params = job.settings["params"] | {name: choice[key] for name, key in job.settings["chosen"].items()}
    shape = tuple(read_json(job.input.dataset)["image_shape"])
    values = np.load(job.input.inputs, mmap_mode="r")
    kind = module_of(job.settings["kind"])
    with Stopwatch() as watch:
        state = read_arrays(job.input.fitted[0]) if job.input.fitted else {}
        write_blocks(
            job.output.features,
            Step(job.settings["kind"], params, state).blocks(values, shape, job.threads),
            len(values),
        )
    stored = getattr(kind, "stored_bytes", _all_bytes)(state, params)
    write_json(job.output.cost, cost_record(watch.seconds, job.threads) | {"stored_bytes": stored})


def _all_bytes(state: State, params: dict) -> int:
    return sum(array.nbytes for array in state.values())


if __name__ == "__main__":
    run(main)
