"""A stored model as one thing to ask: its features' steps, then its family's predictor."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from cifarbench.features.chain import Step, through
from cifarbench.study.errors import UserError
from cifarbench.study.files import read_arrays
from cifarbench.study.stored import Answers, Stored

# Images that are asked about at once. Products of matrices end in other last digits for blocks of another size, so
# this is no smaller than most test sets, which a study asks about as a whole.
CHUNK_ROWS = 10_000


class Model:
    """A stored model, loaded: pixels in, answers out, by the code that the study itself runs, on as many threads."""

    def __init__(self, stored: Stored):
        torch.set_num_threads(stored.threads)
        self.stored = stored
        self.steps = [
            Step(kind, params, read_arrays(fitted) if fitted else {})
            for kind, params, fitted in stored.features()
        ]
        self.predictor = _predictor(stored)

    def predict(self, pixels: np.ndarray, advance: Callable[[int], Any] = lambda count: None) -> Answers:
        """What it says of pixels (N, D) uint8, N at least 1. advance: told how many images are done, time by time."""
        found = []
        for start in range(0, len(pixels), CHUNK_ROWS):
            chunk = pixels[start : start + CHUNK_ROWS]
            with threadpool_limits(self.stored.threads):
                found.append(self.predictor.predict(through(self.steps, chunk, self.stored.image_shape)))
            advance(len(chunk))
        joined = [None if parts[0] is None else np.concatenate(parts) for parts in zip(*found, strict=True)]
        return Answers(*joined)


def _predictor(stored: Stored) -> Any:
    """A family's own way of asking, by the name of its room, so that the code of one does not depend on all."""
    name = f"cifarbench.{stored.room}.predictor"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise UserError(
            f"{stored.run} belongs to the room {stored.room}, which has no predictor.py: add one (docs/along.md)."
        ) from None
    return module.Predictor(stored)
