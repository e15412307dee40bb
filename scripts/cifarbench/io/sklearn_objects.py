"""Build objects with scikit-learn's interface from the configuration, and serialize them."""

import inspect
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.messages import suggest


def build_estimator(
    reference: str,
    params: dict[str, Any],
    seed: int,
    *,
    key: str,
    role: str,
    methods: tuple[str, str],
    example: str,
) -> Any:
    """Return an unfitted object of the class that `reference` names.

    seed: its random_state, if it takes one and `params` have none. key: the entry's key. role: the key that names the
    class, such as estimator. methods: the methods that it must have. example: a class for messages.

    Raises UserError if there is no such class, if it lacks a method, or if it refuses `params`.
    """
    found = user_code.import_object(reference, f"{key}.{role}")
    if not (inspect.isclass(found) and all(hasattr(found, method) for method in methods)):
        names = " and ".join(methods)
        raise UserError(
            f"{key}.{role} is {reference}; it is no {role}: name a class with {names}, such as {example}."
        )
    parameters = inspect.signature(found).parameters.values()
    takes = [one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    takes_any = any(one.kind == one.VAR_KEYWORD for one in parameters)
    for name in params:
        if name not in takes and not takes_any:
            raise UserError(
                f"{key}.params.{name} is no parameter of {reference}; {suggest(name, takes, 'it takes')}"
            )
    seeding = {"random_state": seed} if "random_state" in takes else {}
    try:
        built = found(**seeding | params)
        # What fit would refuse: scikit-learn's own tell it before. Others may have inherited the method alone.
        if hasattr(built, "_parameter_constraints"):
            built._validate_params()
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{key}.params: {reference} refuses them: {str(error).rstrip('.')}; change them."
        ) from None
    return built


def dumps(fitted: Any) -> bytes:
    """Return a fitted object in the format of skops, which runs no code when it is loaded."""
    import skops.io

    return skops.io.dumps(fitted)


def loads(content: bytes, reference: str) -> Any:
    """Return the object that `dumps` serialized. reference: the import path or file of its classes."""
    import skops.io

    # Classes of user code must be imported from their file before skops finds them by name.
    user_code.import_object(reference, "a stored object")
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
