"""Features computed from features, block by block, each as its kind does it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cifarbench.features import module_of
from cifarbench.features.inputs import BLOCK_ROWS, State
from cifarbench.study.blocks import let_go
from cifarbench.study.family import Entry
from cifarbench.study.threads import in_threads


class Step(NamedTuple):
    """Features of a chain: their kind, their parameters, and what they have learned."""

    kind: str
    params: Entry
    state: State

    def blocks(
        self, values: np.ndarray, image_shape: tuple[int, int, int], threads: int = 1
    ) -> Iterator[np.ndarray]:
        """What these features are of `values` (N, D), pixels uint8 or float32: so many rows at a time, float32."""
        transform = module_of(self.kind).transform

        def block(start: int, size: int = BLOCK_ROWS) -> np.ndarray:
            found = transform(values[start : start + size], self.state, self.params, image_shape)
            let_go(values)
            return found

        if threads > 1:
            # Libraries that it loads are loaded before threads are told to use one core each.
            block(0, 1)
        return in_threads(block, range(0, len(values), BLOCK_ROWS), threads)


def through(steps: list[Step], values: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Pixels (N, D) uint8 through all steps: (N, outputs of the last) float32; themselves if there are none."""
    for step in steps:
        values = np.concatenate(list(step.blocks(values, image_shape)))
    return values
