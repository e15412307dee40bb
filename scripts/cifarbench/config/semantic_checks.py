"""What a schema can't see: keys of a configuration held against each other, and against the size of the data."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from jsonschema import Draft202012Validator

from cifarbench.messages import format_value, unknown_key
from cifarbench.planning.experiment import PIXELS, Experiment, with_defaults
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily, Parameter

# Kinds of datasets that come with a package.
BUNDLED = {"digits": "scikit-learn", "textures": "scikit-image", "faces": "scikit-image"}
# Of a grid, so many candidates are looked at one by one.
MAX_CANDIDATES = 1000


def semantic_errors(
    config: Entry, families: dict[str, ModelFamily], kinds: dict[str, FeatureType]
) -> Iterator[str]:
    """A sentence for each fault of a configuration that the schema accepts."""
    faults = [*_of_dataset(config), *_of_names(config)]
    faults = faults or [fault for name in config["features"] for fault in _chain(config, name)]
    if not faults:
        # Every entry is looked at, compared or not.
        plan = Experiment(config | {"compare": list(config["models"])}, families, kinds)
        faults = [*_missing(plan), *(fault for model in plan.models for fault in _grid(plan, model))]
    yield from faults
    if faults:
        return
    plan = Experiment(config, families, kinds)
    dataset = config["datasets"][config["dataset"]]
    channels = dataset["image_shape"][0]
    if channels not in (1, 3):
        yield (
            f"datasets.{config['dataset']}.image_shape has {channels} channels; images have 1 (grey) or 3 (colours): keep "
            "one or three of them in the archive."
        )
    for model in plan.models:
        yield from dict.fromkeys(_too_much_for_the_data(plan, model, dataset))


def expand_uses(
    plan: Experiment, model: str, dataset: Entry
) -> Iterator[tuple[str, FeatureType | ModelFamily, Entry, DataShape]]:
    """Each entry that a model uses, with each candidate's values in place: its key, its kind or family, and on what."""
    for choice in _candidates(plan, model):
        own, of_features = plan.split_params(model, choice)
        setting = DataShape.from_dataset(dataset, plan.n_folds(model))
        for base in reversed(plan.feature_names(model)):
            entry, kind = plan.config["features"][base], plan.feature_type(base)
            params = with_defaults({**entry, **of_features.get(base, {})}, kind.parameters)
            yield f"features.{base}", kind, params, setting
            setting = replace(setting, n_inputs=kind.n_outputs(params, setting))
        yield f"models.{model}", plan.family(model), plan.params(model, own), setting


def _candidates(plan: Experiment, model: str) -> Iterator[Entry]:
    if not plan.n_folds(model):
        yield {}
        return
    grid = plan.grid(model)
    for number, values in enumerate(product(*grid.values())):
        if number == MAX_CANDIDATES:
            return
        yield dict(zip(grid, values, strict=True))


def _too_much_for_the_data(plan: Experiment, model: str, dataset: Entry) -> Iterator[str]:
    smallest, folds = dataset["n_train"] // dataset["n_classes"], plan.n_folds(model)
    if folds > smallest:
        yield (
            f"models.{model}.tune.folds is {folds}; it must be at most {smallest}, since some class has no more "
            "training images than that."
        )
        return
    for key, sort, params, setting in expand_uses(plan, model, dataset):
        for fault in sort.check_data(key, params, setting):
            yield point_to_grid_key(plan, model, fault)


def point_to_grid_key(plan: Experiment, model: str, fault: str) -> str:
    """A fault with the key of the grid where a value of a grid is at fault, and not the key of the entry."""
    for key in plan.grid(model) if plan.n_folds(model) else {}:
        base, name = plan.resolve_param(model, key)
        places = (
            [f"features.{base}.{name} "]
            if base
            else [f"models.{model}.{name} ", f"models.{model}.params.{name} "]
        )
        for place in places:
            if fault.startswith(place):
                return f"models.{model}.tune.grid.{key} {fault.removeprefix(place)}"
    return fault


def _of_dataset(config: Entry) -> Iterator[str]:
    if config["dataset"] not in config["datasets"]:
        known = ", ".join(config["datasets"])
        yield f"dataset is {format_value(config['dataset'])}; it must be one of the keys under datasets: {known}."
        return
    dataset = config["datasets"][config["dataset"]]
    channels = dataset["image_shape"][0]
    if channels not in (1, 3):
        yield (
            f"datasets.{config['dataset']}.image_shape has {channels} channels; images have 1 (grey) or 3 (colours): keep "
            "one or three of them in the archive."
        )
    if config.get("archive") and dataset["type"] in BUNDLED:
        package = BUNDLED[dataset["type"]]
        yield f"archive is {format_value(config['archive'])}; the {dataset['kind']} come with {package}, so take archive away."
    if config.get("archive") and dataset["type"] == "synthetic":
        yield f"archive is {format_value(config['archive'])}; synthetic images are made up, so take archive away."
    if config.get("sha256") and not (config.get("archive") or "archive" in dataset):
        yield "sha256 stands alone; it says which archive is accepted, so name the archive too or take sha256 away."


def _of_names(config: Entry) -> Iterator[str]:
    for name in config["compare"]:
        if name not in config["models"]:
            known = ", ".join(config["models"])
            yield f"compare names {format_value(name)}; it must be one of the keys under models: {known}."
    if PIXELS in config["features"]:
        yield f"features.{PIXELS} is the name of the images themselves, which are always there; take another name."
    for section in ("features", "models"):
        for name, entry in config[section].items():
            if "features" in entry and entry["features"] not in (PIXELS, *config["features"]):
                known = ", ".join([PIXELS, *config["features"]])
                yield (
                    f"{section}.{name}.features is {format_value(entry['features'])}; it must be one of the keys under "
                    f"features: {known}."
                )


def _chain(config: Entry, name: str) -> Iterator[str]:
    seen = [name]
    while (below := config["features"][seen[-1]].get("features", PIXELS)) != PIXELS:
        if below in seen:
            # Told once, from the first of its names.
            if below == name == min(seen):
                key, circle = f"features.{seen[-1]}.features", " -> ".join([*seen, below])
                yield f"{key} is {format_value(below)}; the chain goes in a circle ({circle}): break it."
            return
        seen.append(below)


def _missing(plan: Experiment) -> Iterator[str]:
    """Parameters that an entry lacks, and that no grid has in its place."""
    in_grids = {
        model: [plan.resolve_param(model, key) for key in plan.grid(model)] if plan.n_folds(model) else []
        for model in plan.models
    }
    absent = [
        f"models.{model}.{name}"
        for model in plan.models
        for name in plan.family(model).required - set(plan.entry(model))
        if (None, name) not in in_grids[model]
    ]
    for base, entry in plan.config["features"].items():
        users = [model for model in plan.models if base in plan.feature_names(model)]
        for name in plan.feature_type(base).required - set(entry):
            if not users or any((base, name) not in in_grids[model] for model in users):
                absent.append(f"features.{base}.{name}")
    if absent:
        yield f"{', '.join(sorted(absent))} {'is' if len(absent) == 1 else 'are'} missing; add what is missing."


def _grid(plan: Experiment, model: str) -> Iterator[str]:
    """Keys of a grid that nobody has, and values that their owner refuses."""
    if not plan.n_folds(model):
        return
    family, chain = plan.family(model), plan.feature_names(model)
    for key, values in plan.grid(model).items():
        where = f"models.{model}.tune.grid.{key}"
        base, name = plan.resolve_param(model, key)
        parameters: dict[str, Parameter] = (plan.feature_type(base) if base else family).parameters
        if name not in parameters:
            # Those of an estimator or a module are tried when it is built.
            if base or not family.takes_params:
                known = [*family.parameters, *(p for one in chain for p in plan.feature_type(one).parameters)]
                yield unknown_key(where, key, known)
            continue
        for place, value in enumerate(values):
            if not Draft202012Validator(parameters[name].schema).is_valid(value):
                yield f"{where}.{place} is {format_value(value)}; it must be {parameters[name].range}."
