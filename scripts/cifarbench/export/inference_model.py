"""Load a fitted model for inference: its feature steps, then the predictor of its family."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from cifarbench.errors import UserError
from cifarbench.features.pipeline import FeatureStep, apply_pipeline
from cifarbench.features.pretrained import with_published_weights
from cifarbench.io.atomic import load_npz
from cifarbench.models.saved_model import Predictions, SavedModel

# Images per call. Matrix products round differently for blocks of another size, so this is at least the size of most
# test sets, which an experiment predicts as a whole.
CHUNK_ROWS = 10_000


class InferenceModel:
    """Fitted model that predicts from pixels, with the code and the number of threads of its experiment."""

    def __init__(self, stored: SavedModel):
        torch.set_num_threads(stored.threads)
        self.stored = stored
        self.steps = []
        for name, params, fitted in stored.features():
            if name == "pretrained":
                # As the job that computed the features.
                params = with_published_weights(params, stored.results / "weights")
            self.steps.append(FeatureStep(name, params, load_npz(fitted) if fitted else {}))
        self.predictor = _predictor(stored)

    def predict(self, pixels: np.ndarray, advance: Callable[[int], Any] = lambda count: None) -> Predictions:
        """Return the predictions for pixels (N, D) uint8, N at least 1.

        advance: called with the number of images that have been predicted since the last call.
        """
        chunks = []
        for start in range(0, len(pixels), CHUNK_ROWS):
            chunk = pixels[start : start + CHUNK_ROWS]
            with threadpool_limits(self.stored.threads):
                values = apply_pipeline(self.steps, chunk, self.stored.image_shape)
                chunks.append(self.predictor.predict(values))
            advance(len(chunk))
        fields = zip(*chunks, strict=True)
        return Predictions._make(None if parts[0] is None else np.concatenate(parts) for parts in fields)


def _predictor(stored: SavedModel) -> Any:
    """Import the predictor of the model's package by name, so that no family depends on the code of another."""
    name = f"cifarbench.models.{stored.package}.predictor"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (name, name.rpartition(".")[0]):
            raise
        raise UserError(
            f"{stored.run} belongs to the package models.{stored.package}, which has no predictor.py: add one "
            "(docs/deploy.md)."
        ) from None
    return module.Predictor(stored)
