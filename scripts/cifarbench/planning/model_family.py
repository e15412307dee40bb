"""Describe model families and feature types: parameters, files, checks, and what other packages need to know."""

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import cache
from importlib.resources import files
from math import prod
from typing import Any, Self

import yaml

Entry = dict[str, Any]
# The loader in C, where PyYAML has it, takes a fifth of the time.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Channels, height and width.
ImageShape = tuple[int, int, int]


@dataclass(frozen=True)
class Parameter:
    """A key of an entry in the configuration.

    schema: its type and range, as JSON schema. description, range: the same in words, for docs/configuration.md.
    default: the value of entries that leave it out; `...` if every entry needs it, unless its grid has it.
    stored: whether entries that leave it out have the default among their parameters. A parameter that is not stored
    changes neither fit.json nor the jobs of such entries.
    """

    schema: dict[str, Any]
    description: str
    range: str
    default: Any = ...
    stored: bool = True

    @property
    def required(self) -> bool:
        """Return whether it has no default."""
        return self.default is ...


@cache
def _all_parameters() -> dict[str, dict[str, Parameter]]:
    entries = yaml.load((files("cifarbench") / "planning/parameters.yaml").read_text(), YAML_LOADER)
    return {
        group: {
            name: Parameter(**{"range": values_in_words(entry["schema"])} | entry)
            for name, entry in parameters.items()
        }
        for group, parameters in entries.items()
    }


def read_parameters(*groups: str) -> dict[str, Parameter]:
    """Return the parameters of some groups in parameters.yaml, such as a family's own and those of all networks."""
    return {name: parameter for group in groups for name, parameter in _all_parameters()[group].items()}


def values_in_words(schema: dict[str, Any]) -> str:
    """Return the values that a JSON schema allows: choices, or the range of a number."""
    if "enum" in schema:
        return ", ".join(f"`{name}`" for name in schema["enum"])
    if schema.get("type") == "boolean":
        return "`true`, `false`"
    low, high = str(schema.get("minimum", "")), f" to {schema['maximum']}" if "maximum" in schema else ""
    if "exclusiveMinimum" in schema:
        low = f"above {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema:
        high = f" to below {schema['exclusiveMaximum']}"
    return low + (high or " or more" * ("minimum" in schema))


@dataclass(frozen=True)
class DataShape:
    """The data that an entry is fitted to.

    n_train: the smallest number of training images that it is fitted to.
    n_inputs: values per image of its inputs; None if unknown before the fit.
    n_train_label: `n_train` in words.
    hflip_safe: whether a mirrored image shows the same.
    other_fit_sizes: further numbers of training images that it is fitted to, in other folds.
    """

    n_train: int
    n_classes: int
    image_shape: tuple[int, int, int]
    n_inputs: int | None
    n_train_label: str = "the number of training images"
    hflip_safe: bool = True
    other_fit_sizes: tuple[int, ...] = ()

    @property
    def fit_sizes(self) -> tuple[int, ...]:
        """Every number of training images that the entry is fitted to."""
        return (self.n_train, *self.other_fit_sizes)

    @classmethod
    def from_dataset(cls, dataset: Entry, n_train: int, n_folds: int = 0) -> Self:
        """Return the shape of `n_train` images of a dataset's entry, and of what each fold leaves of them."""
        shape, label = tuple(dataset["image_shape"]), cls.n_train_label
        sizes: list[int] = []
        if n_folds:
            label = f"{label} in a fold of {n_folds}"
            # The model is fitted to all images in the end. Where folds differ in size, they differ by one image.
            sizes = [n_train - n_train // n_folds, n_train]
            n_train -= -(-n_train // n_folds)
        hflip_safe = dataset.get("hflip_safe", True)
        return cls(n_train, dataset["n_classes"], shape, prod(shape), label, hflip_safe, tuple(sizes))

    def mirror_errors(self, key: str, entry: Entry, name: str, off: Any = False) -> Iterator[str]:
        """Yield a sentence if a parameter, which is `off` by default, uses mirror images that show something else."""
        value, words = entry.get(name) or off, {True: "true", False: "false"}
        if value != off and not self.hflip_safe:
            yield (
                f"{key}.{name} is {words.get(value, value)}; a mirrored image of this dataset shows something else "
                f"(its hflip_safe is false): make it {words.get(off, off)}."
            )


# Takes the entry's dotted key, the entry and its data; yields a sentence for each mistake.
Check = Callable[[str, Entry, DataShape], Iterator[str]]


@dataclass(frozen=True)
class EntryType:
    """What families of models and types of features share.

    name: its name in the configuration.
    parameters: the keys of an entry.
    is_fitted: whether it is fitted to training images; models that are not have no search, no other runs and no
        robustness.
    filters: the module whose `load_filters(path, image_shape)` reads filters (n, C, h, w) float32 from the fit's file.
    source_file: takes an entry; the file outside the package that has its code, or None.
    check_data: yields mistakes that depend on the dataset.
    check_build: yields mistakes that show when it is built, in a separate process, since it runs user code.
    needs_build: takes an entry; whether `check_build` is needed.
    """

    name: str
    parameters: dict[str, Parameter]
    _: KW_ONLY
    is_fitted: bool = True
    filters: str | None = None
    source_file: Callable[[Entry], str | None] = lambda entry: None
    check_data: Check = lambda key, entry, data: iter(())
    check_build: Check | None = None
    needs_build: Callable[[Entry], bool] = lambda entry: True

    @property
    def required(self) -> set[str]:
        """The parameters that every entry needs, unless its grid has them."""
        return {name for name, parameter in self.parameters.items() if parameter.required}


@dataclass(frozen=True, kw_only=True)
class ModelFamily(EntryType):
    """A family of models.

    package: the package of its rules and its code.
    family_labels: the labels that its models may have, plurals such as "linear models"; fit.json has the model's.
    artifacts: the files of the fitted model, besides those of every model; the first has the filters.
    uses_features: whether it takes named features; otherwise only pixels.
    has_epochs: whether it is trained in epochs and writes history.csv.
    is_seeded: takes an entry; whether another seed gives another model.
    randomness_sources: the seeds that can be varied one by one: `seed`, or `init_seed` and `data_seed`.
    shared_search_param: the parameter whose values up to the largest are scored by one fit of a grid search.
    takes_params: whether an entry has further hyperparameters in `params`, which a grid may name, too.
    """

    package: str
    family_labels: tuple[str, ...]
    artifacts: tuple[str, ...] = ()
    uses_features: bool = True
    has_epochs: bool = False
    is_seeded: Callable[[Entry], bool] = lambda entry: False
    randomness_sources: tuple[str, ...] = ("seed",)
    shared_search_param: str | None = None
    takes_params: bool = False


@dataclass(frozen=True, kw_only=True)
class FeatureType(EntryType):
    """A type of features.

    fit_keys: the parameters that the fit depends on; all if None.
    is_seeded: whether the fit is random.
    uses_covariance: whether it is fitted to the covariance of its inputs if there are more images than values.
    from_pixels: whether it takes images only, and no other features.
    pretrained: whether it was trained on images of another dataset.
    n_outputs: takes an entry and its data; values per image, None if unknown before the fit.
    backbone: takes an entry; the network whose published weights it needs, or None.
    """

    fit_keys: tuple[str, ...] | None = None
    is_seeded: bool = False
    uses_covariance: bool = False
    from_pixels: bool = False
    pretrained: bool = False
    n_outputs: Callable[[Entry, DataShape], int | None] = lambda entry, data: None
    backbone: Callable[[Entry], str | None] = lambda entry: None


def choose_params(features: Entry, best: Entry) -> Entry:
    """Return `params` of features with those that a grid search decides; `chosen` has their keys in its best ones."""
    return features["params"] | {name: best[key] for name, key in features["chosen"].items()}


def merge_params(params: Entry, chosen: Entry) -> Entry:
    """Return hyperparameters with chosen values; other keys go into `params`."""
    extra = {key: value for key, value in chosen.items() if key not in params}
    params = params | {key: value for key, value in chosen.items() if key in params}
    return params | {"params": params["params"] | extra} if extra else params
