"""From arrays to features: in come pixels or other features, out come a fitted transformation and its values."""

from importlib import import_module
from types import ModuleType


def get_module(kind: str) -> ModuleType:
    """Return the module of a feature type: FEATURE_TYPE, `transform`, and `fit` if it is fitted.

    It is imported by its name, so that a script that computes one kind is not held to depend on the code of all.
    """
    return import_module(f"{__name__}.{kind}")
