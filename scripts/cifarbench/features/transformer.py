"""Any transformer of scikit-learn's interface, by its import path or from a file of one's own."""

import inspect
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from cifarbench.features.inputs import Inputs, State, as_float
from cifarbench.study import own_code
from cifarbench.study.errors import UserError
from cifarbench.study.family import Entry, FeatureKind, Parameter, Setting
from cifarbench.study.wording import meant


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
    import skops.io

    transformer = build(params["transformer"], params["params"], inputs.seed, "features")
    transformer.fit(as_float(inputs.values[inputs.rows]), inputs.labels[inputs.rows])
    return {"stored": np.frombuffer(skops.io.dumps(transformer), np.uint8)}


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """What the transformer makes of (n, D) values: (n, its outputs) float32.

    Raises ValueError if it is not one row for each image, or if a value is no finite number.
    """
    reference = params["transformer"]
    found = _loaded(state["stored"].tobytes(), reference).transform(as_float(block))
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
    found = own_code.load(reference, f"{key}.transformer")
    if not (inspect.isclass(found) and hasattr(found, "fit") and hasattr(found, "transform")):
        raise UserError(
            f"{key}.transformer is {reference}; it is no transformer: name a class with fit and transform, such as "
            "sklearn.decomposition.FastICA."
        )
    takes = [name for name in inspect.signature(found).parameters if name not in ("args", "kwargs")]
    for name in params:
        if name not in takes:
            raise UserError(
                f"{key}.params.{name} is no parameter of {reference}; {meant(name, takes, 'it takes')}"
            )
    seeding = {"random_state": seed} if "random_state" in takes else {}
    try:
        transformer = found(**seeding | params)
        # What fit would refuse: scikit-learn's own tell it before. Others may have inherited the method alone.
        if hasattr(transformer, "_parameter_constraints"):
            transformer._validate_params()
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{key}.params: {reference} refuses them: {str(error).rstrip('.')}; change them."
        ) from None
    return transformer


@lru_cache(maxsize=1)
def _loaded(content: bytes, reference: str) -> Any:
    import skops.io

    # Classes of one's own must be imported by their file before they are found by their name.
    own_code.load(reference, "transformer")
    # A run reads only what it has stored itself.
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
