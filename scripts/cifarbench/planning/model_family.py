"""What a family of models, and a kind of features, says of itself: all that others need to know of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Self

Entry = dict[str, Any]
# Channels, height and width.
ImageShape = tuple[int, int, int]


@dataclass(frozen=True)
class Parameter:
    """A key of an entry in the configuration.

    schema: its type and range, as JSON schema. description, range: the same in words, for config/README.md.
    default: the value of entries that leave it out; `...` if every entry needs it, unless its grid has it.
    """

    schema: dict[str, Any]
    description: str
    range: str
    default: Any = ...

    @property
    def required(self) -> bool:
        """Return whether it has no default."""
        return self.default is ...


@dataclass(frozen=True)
class DataShape:
    """What an entry is used on.

    n_train: images that it is fitted to, at least. n_classes: classes. image_shape: channels, height and width.
    n_inputs: values of an image that it gets; None if only the fit will tell. n_train_is: that number, in words.
    hflip_safe: whether a mirrored image shows the same.
    """

    n_train: int
    n_classes: int
    image_shape: tuple[int, int, int]
    n_inputs: int | None
    n_train_label: str = "the number of training images"
    hflip_safe: bool = True

    @classmethod
    def from_dataset(cls, dataset: Entry, folds: int = 0) -> Self:
        """All training images of a dataset's entry as pixels, or those that are left in a fold of so many."""
        n_train, shape = dataset["n_train"], tuple(dataset["image_shape"])
        hflip_safe = dataset.get("hflip_safe", True)
        whole = cls(n_train, dataset["n_classes"], shape, prod(shape), hflip_safe=hflip_safe)
        if not folds:
            return whole
        # In the fold that leaves out the most.
        left = n_train - -(-n_train // folds)
        return replace(whole, n_train=left, n_train_label=f"{whole.n_train_label} in a fold of {folds}")


# Takes the entry's dotted key, the entry and what it is used on; gives a sentence for each fault.
Check = Callable[[str, Entry, DataShape], Iterator[str]]


def no_errors(key: str, entry: Entry, setting: DataShape) -> Iterator[str]:
    """A check that finds nothing."""
    yield from ()


def no_source_file(entry: Entry) -> str | None:
    """The file of one's own of an entry that has none."""
    return None


@dataclass(frozen=True)
class ModelFamily:
    """A family of models.

    name: as the configuration calls it. room: whose rules make its jobs. parameters: the keys of an entry. kinds: what
    its models may belong to, in words, as plurals ("linear models"); fit.json says which one it is. leaves: the files
    of what was fitted, beside those that every model ends in, the first one first. filters: the module of the library
    whose `filters(path, image_shape)` reads from that first file what the model looks for in images, as (n, C, h, w)
    float32; None if it looks for nothing of that kind. uses_features: whether it takes named features; pixels alone
    otherwise. has_epochs: whether it learns in epochs, and leaves a history. seeded: of an entry, whether another seed
    gives another model. chances: what chance takes part in then, each with a seed of its own: `seed` for all at once,
    or `weights` and `order`. every_value_of: the key of which one cell of a grid search scores every value up to the
    largest. takes_params: whether `params` of an entry holds further
    hyperparameters, which a grid may name too. own_code: of an entry, the file outside the library that holds its code.

    impossible: faults that show when an entry is held against its dataset. check: faults that show only when what it
    names is imported or built; for a process of its own, since it may run a stranger's code.
    """

    name: str
    package: str
    parameters: dict[str, Parameter]
    family_labels: tuple[str, ...]
    artifacts: tuple[str, ...] = ()
    filters: str | None = None
    uses_features: bool = True
    has_epochs: bool = False
    is_seeded: Callable[[Entry], bool] = lambda entry: False
    randomness_sources: tuple[str, ...] = ("seed",)
    shared_search_param: str | None = None
    takes_params: bool = False
    source_file: Callable[[Entry], str | None] = no_source_file
    check_data: Check = no_errors
    check_build: Check = no_errors

    @property
    def required(self) -> set[str]:
        """The parameters that every entry needs, unless its grid has them."""
        return {name for name, parameter in self.parameters.items() if parameter.required}


@dataclass(frozen=True)
class FeatureType:
    """A kind of features.

    name: as the configuration calls it. parameters: the keys of an entry. fitted: whether it learns anything from
    training images. fit_keys: the parameters that the fit depends on; all if None. seeded: whether chance takes part.
    uses_moments: whether it is fitted to the moments of its inputs alone, where there are more images than values.
    from_pixels: whether it takes images only, and no other features. seen_other_images: whether it has learned from
    images that are none of the study's. filters: as a family's, from what was fitted. n_outputs: values that it gives
    for an image, of an entry and what it is used on; None if only the fit will tell. own_code, impossible, check: as a
    family's.
    """

    name: str
    parameters: dict[str, Parameter]
    is_fitted: bool = True
    fit_keys: tuple[str, ...] | None = None
    is_seeded: bool = False
    uses_covariance: bool = False
    from_pixels: bool = False
    pretrained: bool = False
    filters: str | None = None
    n_outputs: Callable[[Entry, DataShape], int | None] = lambda entry, setting: None
    source_file: Callable[[Entry], str | None] = no_source_file
    check_data: Check = no_errors
    check_build: Check = no_errors

    @property
    def required(self) -> set[str]:
        """The parameters that every entry needs, unless its grid has them."""
        return {name for name, parameter in self.parameters.items() if parameter.required}


# Schemas that several parameters share.
COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
BOOLEAN: dict[str, Any] = {"type": "boolean"}


def merge_params(params: Entry, choice: Entry) -> Entry:
    """Hyperparameters with chosen ones in their place: of the family, or else among the `params` of one's own."""
    own = {key: value for key, value in choice.items() if key not in params}
    params = params | {key: value for key, value in choice.items() if key in params}
    return params | {"params": params["params"] | own} if own else params
