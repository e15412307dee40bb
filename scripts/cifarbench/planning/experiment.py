"""What a configuration asks for: models, their runs, features and cells of grids, each under the name of its files."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from cifarbench.planning.model_family import Entry, FeatureType, ModelFamily, Parameter, merge_params

# Every dataset has them: no files of their own, since the dataset's arrays are these.
PIXELS = "pixels"
ALL = "all"
# Keys of a model's entry that are no hyperparameters of its family.
NOT_PARAMS = ("family", "features", "tune")


class RunId(NamedTuple):
    """One training of a model: another seed than the first, or a part of the training images, is one of its own.

    seed, size: as they stand in paths, `/seed_1` and `/train_500`; empty for the first seed and for all images.
    """

    model: str
    seed: str = ""
    size: str = ""

    @property
    def path(self) -> str:
        """Its folder, below `models`."""
        return "".join(self)


@dataclass(frozen=True)
class FeatureSet:
    """Features as one or several models use them, under the name that their files have.

    base: the entry's name in the configuration. params: its parameters, defaults included, but for those that a grid
    decides. inputs: the name of the features that these are computed from. chosen: parameter -> key of that grid.
    tuned_by: the model whose grid that is, here or further down the chain.
    """

    name: str
    base: str
    type: FeatureType
    params: Entry
    inputs: str = PIXELS
    tuned_params: dict[str, str] = field(default_factory=dict)
    tuned_by: str | None = None

    @property
    def fit_params(self) -> list[str]:
        """The parameters that the fit depends on."""
        return [
            key for key in self.type.parameters if self.type.fit_keys is None or key in self.type.fit_keys
        ]

    @property
    def fit_is_tuned(self) -> bool:
        """Whether the fit waits for a grid's choice, of its own parameters or of its inputs."""
        return any(key in self.tuned_params for key in self.fit_params) or (
            bool(self.tuned_by) and "@" in self.inputs
        )

    @cached_property
    def fit(self) -> str:
        """The name of the fit, which features share that differ in nothing that it depends on."""
        if self.type.fit_keys is None or self.fit_is_tuned:
            return f"{self.type.name}-{self.name}"
        said = [
            f"{key}={slugify(self.params.get(key))}"
            for key in self.fit_params
            if self.params.get(key) != self.type.parameters[key].default
        ]
        return "+".join([self.type.name, *said, *([f"of={self.inputs}"] if self.inputs != PIXELS else [])])


def slugify(value: Any) -> str:
    """A value as part of a file's name: itself if that will do, or a checksum.

    No comma is in a name: Snakemake parts the wildcards of a cluster's jobs there.
    """
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return (
        text if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", text) else hashlib.sha256(text.encode()).hexdigest()[:8]
    )


def with_defaults(entry: Entry, parameters: dict[str, Parameter]) -> Entry:
    """The parameters of an entry, those that it leaves out with their defaults, in the family's order."""
    known = {name: entry.get(name, parameter.default) for name, parameter in parameters.items()}
    return {name: value for name, value in known.items() if name in entry or not parameters[name].required}


class Experiment:
    """A checked configuration, read by what has to be made for it."""

    def __init__(self, config: Entry, families: dict[str, ModelFamily], kinds: dict[str, FeatureType]):
        self.config = config
        self.models: list[str] = config["compare"]
        self.seeds: list[int] = config.get("seeds") or [config["seed"]]
        self._families = families
        self._kinds = kinds
        self.features: dict[str, FeatureSet] = {}
        for model in self.models:
            if self.n_folds(model):
                for cell in self.grid_cells(model):
                    self.features_of(model, cell)
            self.features_of(model)

    @property
    def dataset(self) -> Entry:
        """What the configuration says of the images."""
        return self.config["datasets"][self.config["dataset"]]

    # ---- Models and their runs ----

    def entry(self, model: str) -> Entry:
        """What the configuration says of a model."""
        return self.config["models"][model]

    def family(self, model: str) -> ModelFamily:
        """The family that a model belongs to."""
        return self._families[self.entry(model)["family"]]

    def params(self, model: str, choice: Entry | None = None) -> Entry:
        """The hyperparameters of a model, as its family knows them, null where a grid decides.

        choice: what it has decided, if it has.
        """
        family = self.family(model)
        grid = self.grid(model) if self.n_folds(model) else {}
        open_ones = {
            name: None for key in grid for base, name in [self.resolve_param(model, key)] if base is None
        }
        known = {name: value for name, value in open_ones.items() if name in family.parameters}
        return merge_params(with_defaults(self.entry(model) | known, family.parameters), choice or {})

    def feature_type(self, base: str) -> FeatureType:
        """The kind of named features."""
        return self._kinds[self.config["features"][base]["type"]]

    def models_where(self, holds: Callable[[str], Any]) -> list[str]:
        """The models of which something holds, in the configuration's order."""
        return [model for model in self.models if holds(model)]

    def models_of_package(self, package: str) -> list[str]:
        """The models whose jobs are a room's."""
        return self.models_where(lambda model: self.family(model).package == package)

    def runs(self, *models: str) -> list[RunId]:
        """Every training of some models, of all unless named; the first seed's first."""
        return [
            RunId(model, f"/seed_{seed}" if seed != self.seeds[0] else "")
            for model in models or self.models
            # Whether chance takes part in an estimator is told by importing it.
            for seed in (self.seeds if self.seeds[1:] and self.is_seeded(model) else self.seeds[:1])
        ]

    def is_seeded(self, model: str) -> bool:
        """Whether another seed gives another model."""
        return self.family(model).is_seeded(self.entry(model))

    def randomness_sources(self, model: str) -> tuple[str, ...]:
        """The sources of chance in a model that can be varied one by one, as they stand in paths."""
        return self.family(model).randomness_sources if self.is_seeded(model) else ()

    def seed(self, run_seed: str) -> dict[str, int]:
        """What `/seed_1` stands for, the first seed where there is nothing; initial weights may have one of their own.

        Of `/init_seed_1` and `/data_seed_1`, one has the seed that is named, and the other one has the first.
        """
        source, _, number = run_seed.removeprefix("/").rpartition("_")
        first, named = self.seeds[0], int(number or self.seeds[0])
        if source == "init_seed":
            return {"seed": first, "init_seed": named}
        return {"seed": named} | ({"init_seed": first} if source == "data_seed" else {})

    # ---- Grids ----

    def n_folds(self, model: str) -> int:
        """How many folds a model is tuned on; 0 if it is not tuned."""
        return self.entry(model).get("tune", {}).get("folds", 0)

    def grid(self, model: str) -> dict[str, list]:
        """The values that a model's grid tries, by key."""
        return self.entry(model)["tune"]["grid"]

    def candidate_values(self, model: str, name: str) -> list:
        """All values of a hyperparameter that a model may have: those of its grid, or the one that it has."""
        tried = self.grid(model) if self.n_folds(model) else {}
        found = [values for key, values in tried.items() if self.resolve_param(model, key) == (None, name)]
        return found[0] if found else [self.entry(model)[name]]

    def fold_names(self, model: str, size: str = "") -> list[str]:
        """The folds of a tuned model, each the name of the part of the training images that it leaves out."""
        prefix = f"{size[1:]}_" if size else ""
        return [f"{prefix}fold_{fold}_of_{self.n_folds(model)}" for fold in range(self.n_folds(model))]

    def grid_cells(self, model: str) -> dict[str, Entry]:
        """The cells of a grid: name -> what it tries. One key may be left to the cell, which tries all its values."""
        grid = {
            key: values
            for key, values in self.grid(model).items()
            if key != self.family(model).shared_search_param
        }
        keys = sorted(grid)
        tried = [dict(zip(keys, values, strict=True)) for values in product(*(grid[key] for key in keys))]
        return {
            "+".join(f"{key}={slugify(value)}" for key, value in one.items()) or ALL: one for one in tried
        }

    def split_params(self, model: str, choice: Entry) -> tuple[Entry, dict[str, Entry]]:
        """Values of grid keys, sorted by whose they are: the classifier's, and those of features by their base."""
        chain = self.feature_names(model)
        own: Entry = {}
        of_features: dict[str, Entry] = {}
        for key, value in choice.items():
            base, name = self.resolve_param(model, key, chain)
            if base is None:
                own[name] = value
            else:
                of_features.setdefault(base, {})[name] = value
        return own, of_features

    def resolve_param(self, model: str, key: str, chain: list[str] | None = None) -> tuple[str | None, str]:
        """Whose parameter a key of a grid is: None and its name for the classifier's, or the features' and its name.

        `few__n_components` is that of the features `few`; a plain name is the classifier's if it has it, else that of
        the nearest features that do. A name that nobody has is the classifier's own, which may take anything.
        """
        chain = self.feature_names(model) if chain is None else chain
        base, separator, name = key.partition("__")
        if separator and base in chain:
            return base, name
        if key not in self.family(model).parameters:
            for base in chain:
                if key in self.feature_type(base).parameters:
                    return base, key
        return None, key

    def feature_names(self, model: str) -> list[str]:
        """The named features of a model, the nearest first, as the configuration chains them."""
        chain = []
        base = self.entry(model).get("features", PIXELS)
        while base != PIXELS:
            chain.append(base)
            base = self.config["features"][base].get("features", PIXELS)
        return chain

    def column_names(self, model: str) -> dict[str, str]:
        """What cv_results.csv calls the keys of a grid, as GridSearchCV would.

        The classifier's own names where the grid has no others, and else those of a pipeline: of the family, or of the
        kind of features, and the name (`knn__n_neighbors`, `pca__n_components`).
        """
        owners = {key: self.resolve_param(model, key) for key in self.grid(model)}
        if all(base is None for base, _ in owners.values()):
            return {key: name for key, (_, name) in owners.items()}
        steps = {base: self.feature_type(base).name for base in self.feature_names(model)}
        # Two of a kind are told apart by what they are called.
        steps = {
            base: kind if list(steps.values()).count(kind) == 1 else base for base, kind in steps.items()
        }
        steps[None] = self.entry(model)["family"]
        return {key: f"{steps[base]}__{name}" for key, (base, name) in owners.items()}

    # ---- Features ----

    def features_of(self, model: str, cell: str | None = None) -> str:
        """The name of the features that a model, or a cell of its grid, looks at."""
        base = self.entry(model).get("features", PIXELS)
        if cell is not None:
            return self._variant(base, self.split_params(model, self.grid_cells(model)[cell])[1])
        if not self.n_folds(model):
            return self._variant(base, {})
        return self._variant(base, self.split_params(model, {key: key for key in self.grid(model)})[1], model)

    def _variant(self, base: str, changes: dict[str, Entry], tuned_by: str | None = None) -> str:
        """Register features with changed parameters, here or further down the chain, and return their name.

        changes: base -> parameter -> value, or -> key of the grid of `tuned_by`.
        """
        if base == PIXELS:
            return PIXELS
        entry = self.config["features"][base]
        kind = self.feature_type(base)
        inputs = self._variant(entry.get("features", PIXELS), changes, tuned_by)
        own = changes.get(base, {})
        says = inputs.partition("@")[2]
        if tuned_by:
            name = f"{base}@{tuned_by}" if own or says else base
        else:
            said = [f"{key}={slugify(own[key])}" for key in sorted(own)] + ([f"of={inputs}"] if says else [])
            name = f"{base}@{'+'.join(said)}" if said else base
        params = with_defaults({**entry, **({} if tuned_by else own)}, kind.parameters)
        chosen = dict(own) if tuned_by else {}
        params = {key: value for key, value in params.items() if key not in chosen}
        found = FeatureSet(name, base, kind, params, inputs, chosen, tuned_by if name != base else None)
        self.features.setdefault(name, found)
        return name

    def feature_pipeline(self, name: str) -> list[FeatureSet]:
        """Features and what they are computed from, the first one leading."""
        chain: list[FeatureSet] = []
        while name != PIXELS:
            chain.insert(0, self.features[name])
            name = chain[0].inputs
        return chain

    def feature_set_of_fit(self, fit: str) -> FeatureSet:
        """One of the features that share a fit."""
        return next(features for features in self.features.values() if features.fit == fit)

    def fit_subset(self, name: str, part: str) -> str:
        """The part of the training images that features depend on: all of them where nothing is fitted."""
        return part if any(features.type.is_fitted for features in self.feature_pipeline(name)) else ALL

    # ---- Code of one's own ----

    def source_files(self, model: str) -> list[str]:
        """The files outside the library that hold a model's code."""
        return [path for path in [self.family(model).source_file(self.entry(model))] if path]

    def feature_source_files(self, features: FeatureSet) -> list[str]:
        """The files outside the library that hold the code, or the weights, of features."""
        return [path for path in [features.type.source_file(features.params)] if path]
