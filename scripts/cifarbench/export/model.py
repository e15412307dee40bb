"""A stored model as one thing to ask: its features' steps, then its family's predictor."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from cifarbench.errors import UserError
from cifarbench.features.pipeline import FeatureStep, apply_pipeline
from cifarbench.io.atomic import load_npz
from cifarbench.models.saved_model import Predictions, SavedModel

# Images that are asked about at once. Products of matrices end in other last digits for blocks of another size, so
# this is no smaller than most test sets, which a study asks about as a whole.
CHUNK_ROWS = 10_000


class InferenceModel:
    """A stored model, loaded: pixels in, answers out, by the code that the study itself runs, on as many threads."""

    def __init__(self, stored: SavedModel):
        torch.set_num_threads(stored.threads)
        self.stored = stored
        self.steps = [
            FeatureStep(kind, params, load_npz(fitted) if fitted else {})
            for kind, params, fitted in stored.features()
        ]
        self.predictor = _predictor(stored)

    def predict(self, pixels: np.ndarray, advance: Callable[[int], Any] = lambda count: None) -> Predictions:
        """What it says of pixels (N, D) uint8, N at least 1. advance: told how many images are done, time by time."""
        found = []
        for start in range(0, len(pixels), CHUNK_ROWS):
            chunk = pixels[start : start + CHUNK_ROWS]
            with threadpool_limits(self.stored.threads):
                found.append(
                    self.predictor.predict(apply_pipeline(self.steps, chunk, self.stored.image_shape))
                )
            advance(len(chunk))
        joined = [None if parts[0] is None else np.concatenate(parts) for parts in zip(*found, strict=True)]
        return Predictions(*joined)


def _predictor(stored: SavedModel) -> Any:
    """A family's own way of asking, by the name of its room, so that the code of one does not depend on all."""
    name = f"cifarbench.models.{stored.package}.predictor"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (name, name.rpartition(".")[0]):
            raise
        raise UserError(
            f"{stored.run} belongs to the package models.{stored.package}, which has no predictor.py: add one (docs/along.md)."
        ) from None
    return module.Predictor(stored)
