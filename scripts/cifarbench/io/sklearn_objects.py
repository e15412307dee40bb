"""Build objects with scikit-learn's interface from the configuration, and serialize them."""

import inspect
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.messages import suggest

# The methods that a class must have, and an example, by the key that names the class.
METHODS = {"estimator": ("fit", "predict"), "transformer": ("fit", "transform")}
EXAMPLES = {
    "estimator": "sklearn.linear_model.LogisticRegression",
    "transformer": "sklearn.decomposition.FastICA",
}


def build_estimator(reference: str, params: dict[str, Any], seed: int, *, key: str, role: str) -> Any:
    """Return an unfitted object of the class that `reference` names.

    seed: its random_state, if the class has one and `params` do not set it. key: the entry's key, for messages. role:
    the key that names the class, `estimator` or `transformer`.

    Raises UserError if there is no such class, if it lacks a method, or if it refuses `params`.
    """
    methods = METHODS[role]
    estimator_class = user_code.import_object(reference, f"{key}.{role}")
    if not (inspect.isclass(estimator_class) and all(hasattr(estimator_class, name) for name in methods)):
        raise UserError(
            f"{key}.{role} is {reference}, which is not a class with {' and '.join(methods)}; name one, such as "
            f"{EXAMPLES[role]}."
        )
    kinds = {name: value.kind for name, value in inspect.signature(estimator_class).parameters.items()}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [name for name, kind in kinds.items() if kind not in variadic]
    for name in params:
        if name not in names and inspect.Parameter.VAR_KEYWORD not in kinds.values():
            raise UserError(
                f"{key}.params.{name} is not a parameter of {reference}; {suggest(name, names, 'its parameters are')}"
            )
    seeding = {"random_state": seed} if "random_state" in names else {}
    try:
        estimator: Any = estimator_class(**seeding | params)
        # Classes outside of scikit-learn may have inherited the method only.
        if hasattr(estimator, "_parameter_constraints"):
            estimator._validate_params()
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{key}.params are not valid for {reference} ({str(error).rstrip('.')}); change them."
        ) from None
    return estimator


def dumps(fitted: Any) -> bytes:
    """Return a fitted object in the format of skops, which executes no code on loading."""
    import skops.io

    return skops.io.dumps(fitted)


def loads(content: bytes, reference: str) -> Any:
    """Return the object that `dumps` serialized. reference: the import path or file of its classes."""
    import skops.io

    # skops finds classes of user code by name only after their file was imported.
    user_code.import_object(reference, "a stored object")
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
