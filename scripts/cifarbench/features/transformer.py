"""Any transformer of scikit-learn's interface, by its import path or from a file of one's own."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from cifarbench.features.inputs import Inputs, State, as_float
from cifarbench.study import own_code, scikit
from cifarbench.study.errors import UserError
from cifarbench.study.family import Entry, FeatureKind, Parameter, Setting


def _check(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    try:
        build(entry["transformer"], entry["params"], seed=0, key=key)
    except UserError as error:
        yield str(error)


KIND = FeatureKind(
    "transformer",
    {
        "transformer": Parameter(
            own_code.SCHEMA,
            "a transformer of scikit-learn's interface; the values of all training images are in memory while it is "
            "fitted",
            own_code.FORM,
        ),
        "params": Parameter(
            {"type": "object"},
            "what its constructor takes",
            "the transformer's own",
            required=False,
            default={},
        ),
    },
    seeded=True,
    own_code=lambda entry: own_code.own_file(entry["transformer"]),
    check=_check,
)


def fit(inputs: Inputs, params: Entry) -> State:
    """stored: (bytes,) uint8, the fitted transformer as skops has it, which runs nothing when it is read."""
    transformer = build(params["transformer"], params["params"], inputs.seed, "features")
    transformer.fit(as_float(inputs.values[inputs.rows]), inputs.labels[inputs.rows])
    return {"stored": np.frombuffer(scikit.stored(transformer), np.uint8)}


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """What the transformer makes of (n, D) values: (n, its outputs) float32.

    Raises ValueError if it is not one row for each image, or if a value is no finite number.
    """
    reference = params["transformer"]
    found = fitted_transformer(state, params).transform(as_float(block))
    # Some are sparse.
    found = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    if found.ndim != 2 or len(found) != len(block):
        raise ValueError(f"{reference} gives an array of shape {found.shape} for {len(block)} images")
    found = np.ascontiguousarray(found, np.float32)
    if not np.isfinite(found).all():
        n_images = np.count_nonzero(~np.isfinite(found).all(axis=1))
        raise ValueError(f"{reference} gives values for {n_images} images that are no finite numbers")
    return found


def build(reference: str, params: dict[str, Any], seed: int, key: str) -> Any:
    """The transformer that `reference` names, not yet fitted.

    seed: its random_state, where it takes one and `params` don't give it. key: the entry's, for messages. Raises
    UserError if there is none of that name, if it is no transformer, or if it doesn't take `params`.
    """
    return scikit.build(
        reference,
        params,
        seed,
        key=key,
        role="transformer",
        methods=("fit", "transform"),
        example="sklearn.decomposition.FastICA",
    )


def fitted_transformer(state: State, params: Entry) -> Any:
    """The transformer that `fit` has stored."""
    return _loaded(state["stored"].tobytes(), params["transformer"])


@lru_cache(maxsize=1)
def _loaded(content: bytes, reference: str) -> Any:
    return scikit.read(content, reference)
