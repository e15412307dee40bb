"""Compute the features of all training or all test images, block by block."""

from pathlib import Path

import numpy as np

from cifarbench.features import module_of
from cifarbench.features.chain import Step
from cifarbench.features.inputs import State
from cifarbench.study.command import run
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_arrays, read_json, write_blocks, write_json


def main(
    inputs: Path,
    dataset: Path,
    fitted: list[Path],
    best: list[Path],
    features: Path,
    cost: Path,
    settings: dict,
    threads: int,
) -> None:
    """inputs: pixels, or the features that these are computed from, (N, D). fitted: what the kind has learned, if any.

    best: a grid's choice, of parameters that settings name as `chosen`. settings: `kind`, `params`, `chosen`.
    """
    choice = read_json(best[0]) if best else {}
    params = settings["params"] | {name: choice[key] for name, key in settings["chosen"].items()}
    shape = tuple(read_json(dataset)["image_shape"])
    values = np.load(inputs, mmap_mode="r")
    kind = module_of(settings["kind"])
    with Stopwatch() as watch:
        state = read_arrays(fitted[0]) if fitted else {}
        write_blocks(
            features, Step(settings["kind"], params, state).blocks(values, shape, threads), len(values)
        )
    stored = getattr(kind, "stored_bytes", _all_bytes)(state, params)
    write_json(cost, cost_record(watch.seconds, threads) | {"stored_bytes": stored})


def _all_bytes(state: State, params: dict) -> int:
    return sum(array.nbytes for array in state.values())


if __name__ == "__main__":
    run(main)
