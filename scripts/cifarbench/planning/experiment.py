"""Plan a configuration's models, runs, features and grid cells, each with the name that its files have."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from cifarbench.planning.model_family import Entry, FeatureType, ModelFamily, Parameter, merge_params
from cifarbench.planning.random_search import draw_candidates, list_values

# The features that every dataset has: its images, without files of their own.
PIXELS = "pixels"
ALL = "all"


class RunId(NamedTuple):
    """A training of a model by one seed on one subset of the training images.

    seed, size: parts of a path, `/seed_1` and `/train_500`; empty for the first seed and for all images.
    """

    model: str
    seed: str = ""
    size: str = ""

    @property
    def path(self) -> str:
        """The run's folder, below `models`."""
        return "".join(self)


@dataclass(frozen=True)
class FeatureSet:
    """Features of one or several models.

    name: the name of their files.
    base: the entry's name in the configuration.
    params: the parameters, defaults included, without tuned ones.
    inputs: the name of the features that these are computed from.
    tuned_params: parameter -> key of the grid that decides it.
    tuned_by: the model of that grid, for these features or their inputs.
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
        keys = self.type.fit_keys
        return [key for key in self.type.parameters if keys is None or key in keys]

    @property
    def fit_is_tuned(self) -> bool:
        """Whether the fit needs the best parameters of a grid, for itself or for its inputs."""
        return any(key in self.tuned_params for key in self.fit_params) or (
            bool(self.tuned_by) and "@" in self.inputs
        )

    @cached_property
    def fit(self) -> str:
        """The name of the fit; features whose fits are equal share it."""
        if self.type.fit_keys is None or self.fit_is_tuned:
            return f"{self.type.name}-{self.name}"
        parts = [
            f"{key}={slugify(self.params.get(key))}"
            for key in self.fit_params
            if self.params.get(key) != self.type.parameters[key].default
        ]
        return "+".join([self.type.name, *parts, *([f"of={self.inputs}"] if self.inputs != PIXELS else [])])


def slugify(value: Any) -> str:
    """Return a value as part of a file name: itself, or a checksum if it is long or has other characters.

    Commas are excluded because Snakemake splits the wildcards of a cluster's jobs there.
    """
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def calibration_train_size(n_train: int) -> int:
    """Return the number of training images that a model is fitted to if its temperature is fitted on the others."""
    return n_train * 4 // 5


def with_defaults(entry: Entry, parameters: dict[str, Parameter]) -> Entry:
    """Return the parameters of an entry, missing ones with their defaults, in the family's order."""
    return {
        name: entry.get(name, parameter.default)
        for name, parameter in parameters.items()
        if name in entry or (parameter.stored and not parameter.required)
    }


class Experiment:
    """The plan of a checked configuration.

    models: the compared models, in order. seeds: the seeds of the runs, the reference run's first. n_train: the number
    of training images, without excluded ones. features: the features of all models and grid cells, by the name of their
    files.
    """

    def __init__(
        self,
        config: Entry,
        families: dict[str, ModelFamily],
        feature_types: dict[str, FeatureType],
        n_train: int | None = None,
    ):
        self.config = config
        self.models: list[str] = config["compare"]
        self.seeds: list[int] = config.get("seeds") or [config["seed"]]
        self.n_train: int = self.dataset["n_train"] if n_train is None else n_train
        self._families = families
        self._feature_types = feature_types
        self.features: dict[str, FeatureSet] = {}
        self._candidates: dict[str, list[Entry]] = {}
        for model in self.models:
            for cell in self.grid_cells(model) if self.n_folds(model) else ():
                self.features_of(model, cell)
            self.features_of(model)

    @property
    def dataset(self) -> Entry:
        """The dataset's entry in the configuration."""
        return self.config["datasets"][self.config["dataset"]]

    @property
    def metric(self) -> str:
        """The metric that ranks models and candidates."""
        return self.config.get("metric") or "accuracy"

    @property
    def margin(self) -> float:
        """The difference in accuracy below which two models are equivalent."""
        return self.config.get("margin", 0.01)

    # ---- Models and their runs ----

    def entry(self, model: str) -> Entry:
        """Return a model's entry in the configuration."""
        return self.config["models"][model]

    def family(self, model: str) -> ModelFamily:
        """Return the family of a model."""
        return self._families[self.entry(model)["family"]]

    def params(self, model: str, choice: Entry | None = None) -> Entry:
        """Return the hyperparameters of a model; tuned ones have the values of `choice`, or None."""
        family = self.family(model)
        owners = [self.resolve_param(model, key) for key in self.tuned_values(model)]
        tuned = {name: None for base, name in owners if base is None and name in family.parameters}
        return merge_params(with_defaults(self.entry(model) | tuned, family.parameters), choice or {})

    def feature_type(self, base: str) -> FeatureType:
        """Return the type of named features."""
        return self._feature_types[self.config["features"][base]["type"]]

    def models_where(self, holds: Callable[[str], Any]) -> list[str]:
        """Return the models for which `holds` is true, in the configuration's order."""
        return [model for model in self.models if holds(model)]

    @property
    def fitted_models(self) -> list[str]:
        """The models that are fitted to training images, in the configuration's order."""
        return self.models_where(lambda model: self.family(model).is_fitted)

    @property
    def models_with_neighbors(self) -> list[str]:
        """The models whose nearest training images are shown; none with folds, where a test image is one of them."""
        return [] if "n_folds" in self.dataset else self.models_of_package("knn")

    def models_of_package(self, package: str) -> list[str]:
        """Return the models whose families belong to a package."""
        return self.models_where(lambda model: self.family(model).package == package)

    def runs(self, *models: str) -> list[RunId]:
        """Return the runs of some models, of all unless named; the first seed's run first."""
        return [
            RunId(model, f"/seed_{seed}" if seed != self.seeds[0] else "")
            for model in models or self.models
            # Not with one seed, because is_seeded imports estimators.
            for seed in (self.seeds if self.seeds[1:] and self.is_seeded(model) else self.seeds[:1])
        ]

    def is_seeded(self, model: str) -> bool:
        """Return whether a model depends on the seed."""
        return self.family(model).is_seeded(self.entry(model))

    def randomness_sources(self, model: str) -> tuple[str, ...]:
        """Return the seeds of a model that can be varied one by one, as in paths."""
        return self.family(model).randomness_sources if self.is_seeded(model) else ()

    def seed(self, run_seed: str) -> dict[str, int]:
        """Return the seeds of a run: `seed`, and `init_seed` if initial weights have another one.

        run_seed: `/seed_1`, or "" for the first seed; `/init_seed_1` and `/data_seed_1` vary one seed only.
        """
        source, _, number = run_seed.removeprefix("/").rpartition("_")
        first, seed = self.seeds[0], int(number or self.seeds[0])
        if source == "init_seed":
            return {"seed": first, "init_seed": seed}
        return {"seed": seed} | ({"init_seed": first} if source == "data_seed" else {})

    # ---- Tuning ----

    def n_folds(self, model: str) -> int:
        """Return the number of folds that a model is tuned on; 0 if it is not tuned."""
        return self.entry(model).get("tune", {}).get("folds", 0)

    def is_random_search(self, model: str) -> bool:
        """Return whether a model is tuned by a random search, and not by a grid."""
        return "space" in self.entry(model).get("tune", {})

    def tuned_values(self, model: str) -> dict[str, list[Any]]:
        """Return key -> values of a grid or a random search, of a range its bounds; none if the model is not tuned."""
        tune = self.entry(model).get("tune", {})
        return {
            key: list_values(values) for key, values in (tune.get("grid") or tune.get("space") or {}).items()
        }

    def candidates(self, model: str) -> list[Entry]:
        """Return the candidates of a search, in the order of cv_results.csv: key -> value.

        Those of a grid are in GridSearchCV's order: columns by name, the last varying fastest.
        """
        if model not in self._candidates:
            if self.is_random_search(model):
                tune = self.entry(model)["tune"]
                found = draw_candidates(tune["space"], tune["n"], self.seeds[0])
            else:
                names, grid = self.column_names(model), self.tuned_values(model)
                keys = sorted(grid, key=names.__getitem__)
                found = [
                    dict(zip(keys, values, strict=True)) for values in product(*(grid[key] for key in keys))
                ]
            self._candidates[model] = found
        return self._candidates[model]

    def search_scales(self, model: str) -> dict[str, str]:
        """Return the axis scale, linear or log, of each column that a random search draws from a range."""
        space = self.entry(model).get("tune", {}).get("space", {})
        return {
            f"param_{self.column_names(model)[key]}": "log" if "log" in values else "linear"
            for key, values in space.items()
            if isinstance(values, dict)
        }

    def candidate_values(self, model: str, name: str) -> list[Any]:
        """Return the values of a hyperparameter: those of the search (of a range its bounds), or that of the entry."""
        for key, values in self.tuned_values(model).items():
            if self.resolve_param(model, key) == (None, name):
                return values
        return [self.entry(model)[name]]

    def fold_names(self, model: str, size: str = "") -> list[str]:
        """Return the folds of a tuned model, as names of subsets of the training images."""
        prefix = f"{size[1:]}_" if size else ""
        return [f"{prefix}fold_{fold}_of_{self.n_folds(model)}" for fold in range(self.n_folds(model))]

    def grid_cells(self, model: str) -> dict[str, Entry]:
        """Return the cells of a search: name -> values by key, without the parameter whose values share a fit."""
        shared = self.family(model).shared_search_param
        cells = [{key: one[key] for key in sorted(one) if key != shared} for one in self.candidates(model)]
        return {
            "+".join(f"{key}={slugify(value)}" for key, value in cell.items()) or ALL: cell for cell in cells
        }

    def split_params(self, model: str, choice: Entry) -> tuple[Entry, dict[str, Entry]]:
        """Return values of grid keys by owner: those of the classifier, and those of features by base."""
        classifier_params: Entry = {}
        feature_params: dict[str, Entry] = {}
        for key, value in choice.items():
            base, name = self.resolve_param(model, key)
            if base is None:
                classifier_params[name] = value
            else:
                feature_params.setdefault(base, {})[name] = value
        return classifier_params, feature_params

    def resolve_param(self, model: str, key: str) -> tuple[str | None, str]:
        """Return the owner of a grid key, None for the classifier or the features' base, and the parameter's name.

        `few__n_components` belongs to the features `few`; a plain name to the classifier if it has that parameter, else
        to the nearest features that have it. Other names belong to the classifier, which may take anything.
        """
        pipeline = self.feature_names(model)
        base, separator, name = key.partition("__")
        if separator and base in pipeline:
            return base, name
        if key not in self.family(model).parameters:
            for base in pipeline:
                if key in self.feature_type(base).parameters:
                    return base, key
        return None, key

    def feature_names(self, model: str) -> list[str]:
        """Return the names of a model's features, the last step of the pipeline first."""
        names = []
        base = self.entry(model).get("features", PIXELS)
        while base != PIXELS:
            names.append(base)
            base = self.config["features"][base].get("features", PIXELS)
        return names

    def column_names(self, model: str) -> dict[str, str]:
        """Return the names of a grid's keys in cv_results.csv, as those of GridSearchCV.

        If the grid has keys of features, names are those of a pipeline, such as `knn__n_neighbors` and
        `pca__n_components`.
        """
        owners = {key: self.resolve_param(model, key) for key in self.tuned_values(model)}
        if all(base is None for base, _ in owners.values()):
            return {key: name for key, (_, name) in owners.items()}
        types = {base: self.feature_type(base).name for base in self.feature_names(model)}
        # Two steps of one type are named after their entries.
        steps: dict[str | None, str] = {
            base: kind if list(types.values()).count(kind) == 1 else base for base, kind in types.items()
        }
        steps[None] = self.entry(model)["family"]
        return {key: f"{steps[base]}__{name}" for key, (base, name) in owners.items()}

    # ---- Features ----

    def features_of(self, model: str, cell: str | None = None) -> str:
        """Return the name of the features of a model, or of a cell of its grid."""
        choice = (
            {key: key for key in self.tuned_values(model)} if cell is None else self.grid_cells(model)[cell]
        )
        _, changes = self.split_params(model, choice)
        base = self.entry(model).get("features", PIXELS)
        return self._variant(base, changes, model if cell is None else None)

    def _variant(self, base: str, changes: dict[str, Entry], tuned_by: str | None = None) -> str:
        """Register features, with changed parameters of these or of their inputs, and return their name.

        changes: base -> parameter -> value, or with `tuned_by` -> key of that model's grid.
        """
        if base == PIXELS:
            return PIXELS
        entry, type_ = self.config["features"][base], self.feature_type(base)
        inputs = self._variant(entry.get("features", PIXELS), changes, tuned_by)
        changed = changes.get(base, {})
        parts = [tuned_by] if tuned_by else [f"{key}={slugify(changed[key])}" for key in sorted(changed)]
        if "@" in inputs and not tuned_by:
            parts.append(f"of={inputs}")
        name = f"{base}@{'+'.join(parts)}" if changed or "@" in inputs else base
        tuned_params = dict(changed) if tuned_by else {}
        params = with_defaults({**entry, **({} if tuned_by else changed)}, type_.parameters)
        params = {key: value for key, value in params.items() if key not in tuned_params}
        features = FeatureSet(
            name, base, type_, params, inputs, tuned_params, tuned_by if name != base else None
        )
        self.features.setdefault(name, features)
        return name

    def feature_pipeline(self, name: str) -> list[FeatureSet]:
        """Return features and all that they are computed from, the first step first."""
        steps: list[FeatureSet] = []
        while name != PIXELS:
            steps.insert(0, self.features[name])
            name = steps[0].inputs
        return steps

    def feature_set_of_fit(self, fit: str) -> FeatureSet:
        """Return one of the features that share a fit."""
        return next(features for features in self.features.values() if features.fit == fit)

    def fit_subset(self, name: str, part: str) -> str:
        """Return the subset of the training images that features depend on: all if nothing is fitted."""
        return part if any(features.type.is_fitted for features in self.feature_pipeline(name)) else ALL

    # ---- User code ----

    def source_files(self, model: str) -> list[str]:
        """Return the files outside the package that have a model's code."""
        return [path for path in [self.family(model).source_file(self.entry(model))] if path]

    def feature_source_files(self, features: FeatureSet) -> list[str]:
        """Return the files outside the package that have the code, or the weights, of features."""
        return [path for path in [features.type.source_file(features.params)] if path]
