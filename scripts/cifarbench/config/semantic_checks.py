"""Check what a schema cannot: keys that refer to each other, and values that the size of the data rules out."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from cifarbench.config.renamed_keys import describe_former_key
from cifarbench.config.schema import Validator
from cifarbench.data.exclude_list import read_exclude_list
from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.messages import format_value, number_hint, unknown_key
from cifarbench.planning.experiment import PIXELS, Experiment, with_defaults
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily, Parameter

# Types of datasets that come with a package.
BUNDLED = {"digits": "scikit-learn", "textures": "scikit-image", "faces": "scikit-image"}
# Candidates of a grid that are checked one by one.
MAX_CANDIDATES = 1000


def count_train_images(config: Entry) -> int:
    """Return how many training images of a configuration's dataset its exclude list leaves.

    Raises UserError if they, or the test images, are fewer than the classes.
    """
    dataset = config["datasets"][config["dataset"]]
    if not config.get("exclude"):
        return dataset["n_train"]
    n_classes, n_left = dataset["n_classes"], {}
    for split, indices in read_exclude_list(expand_home(config["exclude"])).items():
        n_declared = dataset[f"n_{split}"]
        n_left[split] = n_declared - sum(index < n_declared for index in indices)
        if n_left[split] < n_classes:
            images = "training images" if split == "train" else "test images"
            raise UserError(
                f"exclude is {config['exclude']}, which leaves {n_left[split]} of {n_declared} {images}; leave one of "
                f"each of the {n_classes} classes at least."
            )
    return n_left["train"]


def reference_errors(config: Entry) -> list[str]:
    """Return a sentence for each name that refers to nothing, each parameter that is missing, and each wrong grid."""
    errors = [*_dataset_errors(config), *_name_errors(config)]
    errors = errors or [error for name in config["features"] for error in _cycle_errors(config, name)]
    if errors:
        return errors
    # Every entry is checked, compared or not.
    experiment = Experiment(config | {"compare": list(config["models"])}, FAMILIES, FEATURE_TYPES)
    return [
        *_missing_params(experiment),
        *(error for model in experiment.models for error in _grid_errors(experiment, model)),
    ]


def data_errors(experiment: Experiment) -> list[str]:
    """Return a sentence for each value that the experiment's number of training images, or their shape, rules out."""
    errors = []
    smallest = experiment.n_train // experiment.dataset["n_classes"]
    for model in experiment.models:
        folds = experiment.n_folds(model)
        if folds > smallest:
            remedy = f"it must be at most {smallest}" if smallest > 1 else "delete tune"
            errors.append(
                f"models.{model}.tune.folds is {folds}; {remedy}, since some class has at most {smallest} training "
                f"image{'s' if smallest > 1 else ''}."
            )
            continue
        errors += [
            point_to_grid_key(experiment, model, error)
            for key, type_, params, data in expand_uses(experiment, model)
            for error in type_.check_data(key, params, data)
        ]
    return list(dict.fromkeys(errors))


def expand_uses(
    experiment: Experiment, model: str
) -> Iterator[tuple[str, FeatureType | ModelFamily, Entry, DataShape]]:
    """Yield each entry that a model uses, for each candidate of its grid.

    Yields its dotted key, its feature type or family, its parameters and the data it is fitted to.
    """
    grid = experiment.grid(model)
    for values in islice(product(*grid.values()), MAX_CANDIDATES):
        params, feature_params = experiment.split_params(model, dict(zip(grid, values, strict=True)))
        data = DataShape.from_dataset(experiment.dataset, experiment.n_train, experiment.n_folds(model))
        for base in reversed(experiment.feature_names(model)):
            entry, type_ = experiment.config["features"][base], experiment.feature_type(base)
            entry_params = with_defaults({**entry, **feature_params.get(base, {})}, type_.parameters)
            yield f"features.{base}", type_, entry_params, data
            data = replace(data, n_inputs=type_.n_outputs(entry_params, data))
        yield f"models.{model}", experiment.family(model), experiment.params(model, params), data


def point_to_grid_key(experiment: Experiment, model: str, error: str) -> str:
    """Return an error with the grid's key in place of the entry's key, if the grid has the parameter."""
    for key in experiment.grid(model):
        base, name = experiment.resolve_param(model, key)
        owner = f"features.{base}" if base else f"models.{model}"
        for entry_key in (f"{owner}.{name} ", f"{owner}.params.{name} "):
            if error.startswith(entry_key):
                return f"models.{model}.tune.grid.{key} {error.removeprefix(entry_key)}"
    return error


def _dataset_errors(config: Entry) -> Iterator[str]:
    if config["dataset"] not in config["datasets"]:
        known = ", ".join(config["datasets"])
        yield f"dataset is {format_value(config['dataset'])}; it must be one of the keys under datasets: {known}."
        return
    dataset = config["datasets"][config["dataset"]]
    channels = dataset["image_shape"][0]
    if channels not in (1, 3):
        yield (
            f"datasets.{config['dataset']}.image_shape has {channels} channels; images have 1 (grey) or 3 (colours): "
            "keep 1 or 3 of them in the archive."
        )
    if config.get("archive") and dataset["type"] in {*BUNDLED, "synthetic"}:
        origin = BUNDLED.get(dataset["type"])
        origin = f"{dataset['type']} come with {origin}" if origin else "synthetic images are generated"
        yield f"archive is {format_value(config['archive'])}; {origin}, so delete archive."
    if config.get("sha256") and not (config.get("archive") or "archive" in dataset):
        yield "sha256 has no archive; it is the checksum of one, so name the archive too or delete sha256."


def _name_errors(config: Entry) -> Iterator[str]:
    for name in config["compare"]:
        if name not in config["models"]:
            known = ", ".join(config["models"])
            yield f"compare names {format_value(name)}; it must be one of the keys under models: {known}."
    if PIXELS in config["features"]:
        yield f"features.{PIXELS} is the name of the images themselves; use another name."
    known = [PIXELS, *config["features"]]
    for section in ("features", "models"):
        for name, entry in config[section].items():
            if "features" in entry and entry["features"] not in known:
                yield (
                    f"{section}.{name}.features is {format_value(entry['features'])}; it must be one of the keys under "
                    f"features: {', '.join(known)}."
                )


def _cycle_errors(config: Entry, name: str) -> Iterator[str]:
    seen = [name]
    while (inputs := config["features"][seen[-1]].get("features", PIXELS)) != PIXELS:
        if inputs in seen:
            # Reported once, for the first of its names.
            if inputs == name == min(seen):
                key, cycle = f"features.{seen[-1]}.features", " -> ".join([*seen, inputs])
                yield f"{key} is {format_value(inputs)}; the features form a cycle ({cycle}): break it."
            return
        seen.append(inputs)


def _missing_params(experiment: Experiment) -> Iterator[str]:
    """Yield a sentence on the parameters that neither an entry nor a grid has."""
    in_grids = {
        model: [experiment.resolve_param(model, key) for key in experiment.grid(model)]
        for model in experiment.models
    }
    missing = [
        f"models.{model}.{name}"
        for model in experiment.models
        for name in experiment.family(model).required - set(experiment.entry(model))
        if (None, name) not in in_grids[model]
    ]
    for base, entry in experiment.config["features"].items():
        users = [model for model in experiment.models if base in experiment.feature_names(model)]
        for name in experiment.feature_type(base).required - set(entry):
            if not users or any((base, name) not in in_grids[model] for model in users):
                missing.append(f"features.{base}.{name}")
    if missing:
        yield f"{', '.join(sorted(missing))} {'is' if len(missing) == 1 else 'are'} missing; add what is missing."


def _grid_errors(experiment: Experiment, model: str) -> Iterator[str]:
    """Yield a sentence for each key of a grid that is unknown, and each value out of range."""
    family, pipeline = experiment.family(model), experiment.feature_names(model)
    for key, values in experiment.grid(model).items():
        grid_key = f"models.{model}.tune.grid.{key}"
        base, name = experiment.resolve_param(model, key)
        parameters: dict[str, Parameter] = (experiment.feature_type(base) if base else family).parameters
        if name not in parameters:
            # The parameters of an estimator or a module are checked when it is built.
            if base or not family.takes_params:
                known = [
                    *family.parameters,
                    *(p for b in pipeline for p in experiment.feature_type(b).parameters),
                ]
                grid_path = ["models", model, "tune", "grid"]
                yield (describe_former_key(grid_path, key, known) or unknown_key(grid_key, key, known))
            continue
        schema = parameters[name].schema
        for index, value in enumerate(values):
            if not Validator(schema).is_valid(value):
                yield (
                    f"{grid_key}.{index} is {format_value(value)}; it must be {parameters[name].range}."
                    f"{number_hint(value, schema.get('type'))}"
                )
