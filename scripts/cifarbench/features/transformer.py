"""Features of any transformer with scikit-learn's interface, by import path or from a user's file."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from cifarbench.errors import UserError
from cifarbench.features.fit_inputs import FitInputs, State, scale_pixels
from cifarbench.io import sklearn_objects, user_code
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters


def _check_build(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    try:
        sklearn_objects.build_estimator(
            entry["transformer"], entry["params"], seed=0, key=key, role="transformer"
        )
    except UserError as error:
        yield str(error)


FEATURE_TYPE = FeatureType(
    "transformer",
    read_parameters("transformer"),
    is_seeded=True,
    source_file=lambda entry: user_code.source_file(entry["transformer"]),
    check_build=_check_build,
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """Return `stored` (bytes,) uint8: the fitted transformer in the format of skops."""
    transformer = sklearn_objects.build_estimator(
        params["transformer"], params["params"], inputs.seed, key="features", role="transformer"
    )
    transformer.fit(scale_pixels(inputs.values[inputs.rows]), inputs.labels[inputs.rows])
    return {"stored": np.frombuffer(sklearn_objects.dumps(transformer), np.uint8)}


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Return the transformer's outputs for (n, D) values: (n, outputs) float32.

    Raises ValueError if the outputs are not one row per image, or not finite.
    """
    reference = params["transformer"]
    outputs = load_transformer(state, params).transform(scale_pixels(block))
    # Some transformers return sparse matrices.
    outputs = np.asarray(outputs.toarray() if hasattr(outputs, "toarray") else outputs)
    if outputs.ndim != 2 or len(outputs) != len(block):
        raise ValueError(f"{reference} returns an array of shape {outputs.shape} for {len(block)} images")
    outputs = np.ascontiguousarray(outputs, np.float32)
    if not np.isfinite(outputs).all():
        n_images = np.count_nonzero(~np.isfinite(outputs).all(axis=1))
        raise ValueError(f"{reference} returns values for {n_images} images that are not finite")
    return outputs


def load_transformer(state: State, params: Entry) -> Any:
    """Load the transformer that `fit` stored."""
    return _load(state["stored"].tobytes(), params["transformer"])


_load = lru_cache(maxsize=1)(sklearn_objects.loads)
