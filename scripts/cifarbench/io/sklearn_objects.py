"""Objects of scikit-learn's interface: built from what the configuration names, stored, and read again."""

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
    """What `reference` names, not yet fitted.

    seed: its random_state, where it takes one and `params` don't give it. key: the entry's, for messages. role: what
    it should be, and the name of the key that names it. methods: that it must have. example: of one that would do.

    Raises UserError if there is none of that name, if it lacks a method, or if it doesn't take one of `params`.
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
    """A fitted object as skops has it, which runs nothing when it is read."""
    import skops.io

    return skops.io.dumps(fitted)


def loads(content: bytes, reference: str) -> Any:
    """What `stored` gave in an earlier job of this run. reference: whose classes may be among it."""
    import skops.io

    # Classes of one's own must be imported by their file before they are found by their name.
    user_code.import_object(reference, "a stored object")
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
