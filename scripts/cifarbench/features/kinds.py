"""All kinds of features, by name: each is a module of this folder that says so, fits and transforms."""

from importlib import import_module
from types import ModuleType

from cifarbench.study.family import FeatureKind


def module_of(kind: str) -> ModuleType:
    """The module of a kind: KIND, `transform`, and `fit` if it is fitted.

    It is imported by its name, so that a script that computes one kind is not held to depend on the code of all.
    """
    return import_module(f"cifarbench.features.{kind}")


NAMES = ("pca", "whitened", "patches", "hog", "lda", "pretrained", "transformer")
KINDS: dict[str, FeatureKind] = {name: module_of(name).KIND for name in NAMES}
