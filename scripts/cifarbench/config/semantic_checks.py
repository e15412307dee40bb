"""Check what a schema cannot: keys that refer to each other, and values that the size of the data rules out."""

from collections.abc import Iterator
from dataclasses import replace

from cifarbench.config.renamed_keys import describe_former_key
from cifarbench.config.schema import Validator
from cifarbench.data.image_lists import read_exclude_list, read_relabel_list
from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.messages import format_value, number_hint, unknown_key
from cifarbench.planning.experiment import PIXELS, Experiment, with_defaults
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily, Parameter

# Types of datasets that come with a package.
BUNDLED = {"digits": "scikit-learn", "textures": "scikit-image", "faces": "scikit-image"}
# Candidates of a search that are checked one by one.
MAX_CANDIDATES = 1000


def count_train_images(config: Entry) -> int:
    """Return how many training images of a configuration's dataset its exclude list leaves.

    Raises UserError if they, or the test images, are fewer than the classes, or if a list can't be read.
    """
    dataset = config["datasets"][config["dataset"]]
    if config.get("relabel"):
        # A list that can't be read is refused before any job.
        read_relabel_list(expand_home(config["relabel"]))
    if not config.get("exclude"):
        return dataset["n_train"]
    n_classes, n_left = dataset["n_classes"], {}
    # In a cross-validation, all images are listed as test images.
    counted = "test" if dataset.get("n_folds") else "train"
    for split, indices in read_exclude_list(expand_home(config["exclude"])).items():
        n_declared = dataset[f"n_{split}"]
        n_left[split] = n_declared - sum(index < n_declared for index in indices)
        if n_left[split] < n_classes:
            images = "training images" if split == "train" else "test images"
            raise UserError(
                f"exclude is {config['exclude']}, which leaves {n_left[split]} of {n_declared} {images}; leave one of "
                f"each of the {n_classes} classes at least."
            )
    return n_left[counted]


def reference_errors(config: Entry) -> list[str]:
    """Return a sentence for each name that refers to nothing, each parameter that is missing, and each wrong grid."""
    errors = [*_dataset_errors(config), *_name_errors(config), *_tune_errors(config)]
    errors = errors or [error for name in config["features"] for error in _cycle_errors(config, name)]
    if errors:
        return errors
    # Every entry is checked, compared or not.
    experiment = Experiment(config | {"compare": list(config["models"])}, FAMILIES, FEATURE_TYPES)
    return [
        *_missing_params(experiment),
        *(error for model in experiment.models for error in _value_errors(experiment, model)),
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
        of_model = [
            point_to_grid_key(experiment, model, error)
            for key, type_, params, data in expand_uses(experiment, model)
            for error in type_.check_data(key, params, data)
        ]
        if experiment.is_random_search(model):
            # The bound of a range is named, and not every candidate beyond the limit.
            of_model = [*{error.partition(" ")[0]: error for error in reversed(of_model)}.values()]
        errors += of_model
    return list(dict.fromkeys(errors))


def expand_uses(
    experiment: Experiment, model: str
) -> Iterator[tuple[str, FeatureType | ModelFamily, Entry, DataShape]]:
    """Yield each entry that a model uses, for each candidate, and for each value that a random search could draw.

    Yields its dotted key, its feature type or family, its parameters and the data it is fitted to.
    """
    candidates = experiment.candidates(model)[:MAX_CANDIDATES]
    if experiment.is_random_search(model):
        # Values that are not drawn yet count, so that a larger n needs no other space.
        values = experiment.tuned_values(model).items()
        candidates = [candidates[0] | {key: value} for key, listed in values for value in listed] + candidates
    for candidate in candidates:
        params, feature_params = experiment.split_params(model, candidate)
        data = DataShape.from_dataset(experiment.dataset, experiment.n_train, experiment.n_folds(model))
        for base in reversed(experiment.feature_names(model)):
            entry, type_ = experiment.config["features"][base], experiment.feature_type(base)
            entry_params = with_defaults({**entry, **feature_params.get(base, {})}, type_.parameters)
            yield f"features.{base}", type_, entry_params, data
            data = replace(data, n_inputs=type_.n_outputs(entry_params, data))
        yield f"models.{model}", experiment.family(model), experiment.params(model, params), data


def point_to_grid_key(experiment: Experiment, model: str, error: str) -> str:
    """Return an error with the key of the grid or space in place of the entry's key, if it has the parameter."""
    for key in experiment.tuned_values(model):
        base, name = experiment.resolve_param(model, key)
        owner = f"features.{base}" if base else f"models.{model}"
        for entry_key in (f"{owner}.{name} ", f"{owner}.params.{name} "):
            if error.startswith(entry_key):
                return f"{_tune_key(experiment, model)}.{key} {error.removeprefix(entry_key)}"
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
    needing_test_set = [
        f"models.{name}.tune" for name in config["compare"] if "tune" in config["models"].get(name, {})
    ]
    needing_test_set += [key for key in ("robustness", "suite") if config.get(key) is not None]
    if dataset.get("n_folds") and needing_test_set:
        yield (
            f"{needing_test_set[0]} needs a test set, but models are cross-validated on {dataset['n_folds']} folds; "
            "delete it, or divide the images into train and test by split."
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
            models = ", ".join(config["models"])
            yield f"compare names {format_value(name)}; it must be one of the keys under models: {models}."
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
        model: [experiment.resolve_param(model, key) for key in experiment.tuned_values(model)]
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


def _tune_key(experiment: Experiment, model: str) -> str:
    return f"models.{model}.tune.{'space' if experiment.is_random_search(model) else 'grid'}"


def _tune_errors(config: Entry) -> Iterator[str]:
    """Yield a sentence for each search that is neither a grid nor a random search, and each empty range."""
    for name, entry in config["models"].items():
        key, tune = f"models.{name}.tune", entry.get("tune")
        if not tune:
            continue
        if ("grid" in tune) == ("space" in tune):
            yield (
                f"{key} has both grid and space; delete one of them."
                if "grid" in tune
                else f"{key} has no grid; add one, or n and space for a random search."
            )
        elif "space" in tune and "n" not in tune:
            yield f"{key}.n is missing; give the number of candidates to draw from space."
        elif "grid" in tune and "n" in tune:
            yield f"{key}.n is {tune['n']}; it belongs to space, and a grid is tried as a whole: delete n."
        for param, values in tune.get("space", {}).items():
            for kind, (low, high) in values.items() if isinstance(values, dict) else ():
                if low >= high:
                    yield (
                        f"{key}.space.{param}.{kind} is [{low}, {high}]; the first bound must be less than the second."
                    )


def _value_errors(experiment: Experiment, model: str) -> Iterator[str]:
    """Yield a sentence for each tuned key that is unknown, each value out of range, and a space that is too small."""
    family, pipeline = experiment.family(model), experiment.feature_names(model)
    tune_key, space = _tune_key(experiment, model), experiment.entry(model).get("tune", {}).get("space", {})
    for key, values in experiment.tuned_values(model).items():
        base, name = experiment.resolve_param(model, key)
        parameters: dict[str, Parameter] = (experiment.feature_type(base) if base else family).parameters
        if name not in parameters:
            # The parameters of an estimator or a module are checked when it is built.
            if base or not family.takes_params:
                known = [
                    *family.parameters,
                    *(p for b in pipeline for p in experiment.feature_type(b).parameters),
                ]
                yield (
                    describe_former_key(tune_key.split("."), key, known)
                    or unknown_key(f"{tune_key}.{key}", key, known)
                )
            continue
        schema, ranges = parameters[name].schema, space.get(key)
        value_key = f"{tune_key}.{key}"
        if isinstance(ranges, dict):
            value_key += f".{next(iter(ranges))}"
            if "int" not in ranges and "integer" in schema.get("type", ""):
                yield f"{value_key} has floats; {name} must be {parameters[name].range}, so use int."
                continue
        for index, value in enumerate(values):
            if not Validator(schema).is_valid(value):
                yield (
                    f"{value_key}.{index} is {format_value(value)}; it must be {parameters[name].range}."
                    f"{number_hint(value, schema.get('type'))}"
                )
    n_candidates = len(experiment.candidates(model))
    if space and n_candidates < experiment.entry(model)["tune"]["n"]:
        yield (
            f"models.{model}.tune.n is {experiment.entry(model)['tune']['n']}; it must be at most {n_candidates}, the "
            "number of different candidates in space."
        )
