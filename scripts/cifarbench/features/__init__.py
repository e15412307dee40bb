"""Fit and apply features: pixels or other features in, a fitted transformation and its values out."""

from importlib import import_module
from types import ModuleType


def get_module(kind: str) -> ModuleType:
    """Return the module of a feature type: FEATURE_TYPE, `transform`, and `fit` if it is fitted.

    Imported by name, so that a script that computes one type does not depend on the code of all.
    """
    return import_module(f"{__name__}.{kind}")
