"""What a schema can't see: keys of a configuration held against each other, and against the size of the data."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from jsonschema import Draft202012Validator

from cifarbench.study.family import Entry, Family, FeatureKind, Parameter, Setting
from cifarbench.study.plan import PIXELS, Plan, with_defaults
from cifarbench.study.wording import shown, unknown

# Kinds of datasets that come with a package.
PACKAGED = {"digits": "scikit-learn", "textures": "scikit-image", "faces": "scikit-image"}
# Of a grid, so many candidates are looked at one by one.
MOST_CANDIDATES = 1000


def impossible(config: Entry, families: dict[str, Family], kinds: dict[str, FeatureKind]) -> Iterator[str]:
    """A sentence for each fault of a configuration that the schema accepts."""
    faults = [*_of_dataset(config), *_of_names(config)]
    faults = faults or [fault for name in config["features"] for fault in _chain(config, name)]
    if not faults:
        # Every entry is looked at, compared or not.
        plan = Plan(config | {"compare": list(config["models"])}, families, kinds)
        faults = [*_missing(plan), *(fault for model in plan.models for fault in _grid(plan, model))]
    yield from faults
    if faults:
        return
    plan = Plan(config, families, kinds)
    dataset = config["datasets"][config["dataset"]]
    for model in plan.models:
        yield from dict.fromkeys(_too_much_for_the_data(plan, model, dataset))


def uses(
    plan: Plan, model: str, dataset: Entry
) -> Iterator[tuple[str, FeatureKind | Family, Entry, Setting]]:
    """Each entry that a model uses, with each candidate's values in place: its key, its kind or family, and on what."""
    for choice in _candidates(plan, model):
        own, of_features = plan.split_choice(model, choice)
        setting = Setting.of(dataset, plan.folds(model))
        for base in reversed(plan.chain_of_entry(model)):
            entry, kind = plan.config["features"][base], plan.kind_of(base)
            params = with_defaults({**entry, **of_features.get(base, {})}, kind.parameters)
            yield f"features.{base}", kind, params, setting
            setting = replace(setting, n_inputs=kind.n_outputs(params, setting))
        yield f"models.{model}", plan.family(model), plan.params(model, own), setting


def _candidates(plan: Plan, model: str) -> Iterator[Entry]:
    if not plan.folds(model):
        yield {}
        return
    grid = plan.grid(model)
    for number, values in enumerate(product(*grid.values())):
        if number == MOST_CANDIDATES:
            return
        yield dict(zip(grid, values, strict=True))


def _too_much_for_the_data(plan: Plan, model: str, dataset: Entry) -> Iterator[str]:
    smallest, folds = dataset["n_train"] // dataset["n_classes"], plan.folds(model)
    if folds > smallest:
        yield (
            f"models.{model}.tune.folds is {folds}; it must be at most {smallest}, since some class has no more "
            "training images than that."
        )
        return
    for key, sort, params, setting in uses(plan, model, dataset):
        for fault in sort.impossible(key, params, setting):
            yield where_it_stands(plan, model, fault)


def where_it_stands(plan: Plan, model: str, fault: str) -> str:
    """A fault with the key of the grid where a value of a grid is at fault, and not the key of the entry."""
    for key in plan.grid(model) if plan.folds(model) else {}:
        base, name = plan.owner(model, key)
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
        yield f"dataset is {shown(config['dataset'])}; it must be one of the keys under datasets: {known}."
        return
    dataset = config["datasets"][config["dataset"]]
    if config.get("archive") and dataset["kind"] in PACKAGED:
        package = PACKAGED[dataset["kind"]]
        yield f"archive is {shown(config['archive'])}; the {dataset['kind']} come with {package}, so take archive away."
    if config.get("archive") and dataset["kind"] == "synthetic":
        yield f"archive is {shown(config['archive'])}; synthetic images are made up, so take archive away."
    if config.get("sha256") and not (config.get("archive") or "archive" in dataset):
        yield "sha256 stands alone; it says which archive is accepted, so name the archive too or take sha256 away."


def _of_names(config: Entry) -> Iterator[str]:
    for name in config["compare"]:
        if name not in config["models"]:
            known = ", ".join(config["models"])
            yield f"compare names {shown(name)}; it must be one of the keys under models: {known}."
    if PIXELS in config["features"]:
        yield f"features.{PIXELS} is the name of the images themselves, which are always there; take another name."
    for section in ("features", "models"):
        for name, entry in config[section].items():
            if "features" in entry and entry["features"] not in (PIXELS, *config["features"]):
                known = ", ".join([PIXELS, *config["features"]])
                yield (
                    f"{section}.{name}.features is {shown(entry['features'])}; it must be one of the keys under "
                    f"features: {known}."
                )


def _chain(config: Entry, name: str) -> Iterator[str]:
    seen = [name]
    while (below := config["features"][seen[-1]].get("features", PIXELS)) != PIXELS:
        if below in seen:
            # Told once, from the first of its names.
            if below == name == min(seen):
                key, circle = f"features.{seen[-1]}.features", " -> ".join([*seen, below])
                yield f"{key} is {shown(below)}; the chain goes in a circle ({circle}): break it."
            return
        seen.append(below)


def _missing(plan: Plan) -> Iterator[str]:
    """Parameters that an entry lacks, and that no grid has in its place."""
    in_grids = {
        model: [plan.owner(model, key) for key in plan.grid(model)] if plan.folds(model) else []
        for model in plan.models
    }
    absent = [
        f"models.{model}.{name}"
        for model in plan.models
        for name in plan.family(model).required - set(plan.entry(model))
        if (None, name) not in in_grids[model]
    ]
    for base, entry in plan.config["features"].items():
        users = [model for model in plan.models if base in plan.chain_of_entry(model)]
        for name in plan.kind_of(base).required - set(entry):
            if not users or any((base, name) not in in_grids[model] for model in users):
                absent.append(f"features.{base}.{name}")
    if absent:
        yield f"{', '.join(sorted(absent))} {'is' if len(absent) == 1 else 'are'} missing; add what is missing."


def _grid(plan: Plan, model: str) -> Iterator[str]:
    """Keys of a grid that nobody has, and values that their owner refuses."""
    if not plan.folds(model):
        return
    family, chain = plan.family(model), plan.chain_of_entry(model)
    for key, values in plan.grid(model).items():
        where = f"models.{model}.tune.grid.{key}"
        base, name = plan.owner(model, key)
        parameters: dict[str, Parameter] = (plan.kind_of(base) if base else family).parameters
        if name not in parameters:
            # Those of an estimator or a module are tried when it is built.
            if base or not family.takes_params:
                known = [*family.parameters, *(p for one in chain for p in plan.kind_of(one).parameters)]
                yield unknown(where, key, known)
            continue
        for place, value in enumerate(values):
            if not Draft202012Validator(parameters[name].schema).is_valid(value):
                yield f"{where}.{place} is {shown(value)}; it must be {parameters[name].range}."
