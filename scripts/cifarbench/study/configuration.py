"""Check a configuration, and say in one sentence what is wrong with it."""

import math
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from cifarbench.study.errors import UserError

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "text",
}


def check(config: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raise UserError, with a sentence for each fault, unless the workflow can run with `config`.

    First the schema (unknown keys, types, ranges), then what a schema can't see: names that must exist, and
    values that the size of the data makes impossible.
    """
    faults = [_sentence(error) for error in Draft202012Validator(schema).iter_errors(config)]
    faults = faults or [*_not_finite(config, [])] or [*_impossible(config)]
    if faults:
        raise UserError("\n".join(dict.fromkeys(faults)))


def _sentence(error: ValidationError) -> str:
    """What jsonschema found, as a sentence with the key, its value and what would do."""
    key = _key(error.absolute_path)
    found = f"{key} is {_shown(error.instance)}"
    limit = error.validator_value
    match error.validator:
        case "additionalProperties":
            return _unknown_key(error, key)
        case "required":
            missing = [_key([*error.absolute_path, name]) for name in limit if name not in error.instance]
            return (
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; add what is missing."
            )
        case "dependentRequired":
            name = next(name for name in limit if name in error.instance)
            needed = ", ".join(limit[name])
            return f"{_key([*error.absolute_path, name])} needs {needed} beside it; add {needed} or take {name} away."
        case "type":
            kinds = " or ".join(TYPES[kind] for kind in ([limit] if isinstance(limit, str) else limit))
            return f"{found}; it must be {kinds}.{_number_hint(error.instance, limit)}"
        case "enum":
            return f"{found}; it must be one of {', '.join(map(str, limit))}."
        case "const":
            return f"{found}; it must be {_shown(limit)}."
        case "minimum":
            return f"{found}; it must be at least {limit}."
        case "maximum":
            return f"{found}; it must be at most {limit}."
        case "exclusiveMinimum":
            return f"{found}; it must be more than {limit}."
        case "exclusiveMaximum":
            return f"{found}; it must be less than {limit}."
        case "minItems" | "minProperties" | "minLength":
            return f"{key} is empty or too short; give at least {limit}."
        case "maxItems":
            return f"{key} has {len(error.instance)} entries; give at most {limit}."
        case "uniqueItems":
            return f"{key} is {_shown(error.instance)}; name each entry once."
        case "pattern":
            return f"{found}; it must be of the form {limit}."
    return f"{found}; {error.message}."


def _unknown_key(error: ValidationError, key: str) -> str:
    known = list(error.schema.get("properties", {}))
    unknown = next(name for name in error.instance if name not in known)
    close = get_close_matches(str(unknown), known, n=1)
    mend = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}."
    return f"{_key([*error.absolute_path, unknown])} is not a key of the configuration; {mend}"


def _number_hint(value: Any, kind: str | list[str]) -> str:
    """YAML 1.1 reads 1e-3 as text, and --config the entries of a list: whoever writes them sees numbers."""
    read = {"integer": int, "number": float}.get(str(kind))
    if read is None or not isinstance(value, str):
        return ""
    try:
        return f" Write {read(value)!r} in a configuration file, without quotes."
    except ValueError:
        return ""


def _not_finite(value: Any, path: list[Any]) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{_key(path)} is {value}; it must be a finite number."
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _not_finite(inner, [*path, name])
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_finite(inner, [*path, index])


def _impossible(config: dict[str, Any]) -> Iterator[str]:
    """The faults that only show when keys are held against each other."""
    if config["dataset"] not in config["datasets"]:
        known = ", ".join(config["datasets"])
        yield f"dataset is {_shown(config['dataset'])}; it must be one of the keys under datasets: {known}."
        return
    dataset = config["datasets"][config["dataset"]]
    if config.get("archive") and dataset["kind"] == "digits":
        yield f"archive is {_shown(config['archive'])}; the digits come with scikit-learn, so take archive away."
    if config.get("sha256") and not (config.get("archive") or "archive" in dataset):
        yield "sha256 stands alone; it says which archive is accepted, so name the archive too or take sha256 away."
    for name in config["compare"]:
        if name not in config["models"]:
            known = ", ".join(config["models"])
            yield f"compare names {_shown(name)}; it must be one of the keys under models: {known}."
    for name, model in config["models"].items():
        yield from _too_much_for_the_data(f"models.{name}", model, dataset)


def _too_much_for_the_data(key: str, model: dict[str, Any], dataset: dict[str, Any]) -> Iterator[str]:
    n_train, n_classes = dataset["n_train"], dataset["n_classes"]
    n_features = math.prod(dataset["image_shape"])
    if model["family"] == "mlp":
        size, last = model["batch_size"], n_train % model["batch_size"]
        if size > n_train:
            yield f"{key}.batch_size is {size}; it must be at most {n_train}, the number of training images."
        elif model["batch_norm"] and (size == 1 or last == 1):
            yield (
                f"{key}.batch_size is {size}; it leaves a batch of one image, which batch norm cannot normalise: "
                "choose a size that does not."
            )
        return
    images, where = n_train, "the number of training images"
    if model["family"] == "knn_grid":
        if n_train // n_classes < model["folds"]:
            yield (
                f"{key}.folds is {model['folds']}; it must be at most {n_train // n_classes}, since some class has "
                "no more training images than that."
            )
            return
        # What is left for training in the fold that leaves out the most.
        images = n_train - -(-n_train // model["folds"])
        where = f"the number of training images in a fold of {model['folds']}"
    for neighbors in _values(model["n_neighbors"]):
        if neighbors > images:
            yield f"{key}.n_neighbors is {neighbors}; it must be at most {images}, {where}."
    for components in _values(model.get("n_components", [])):
        if components > n_features:
            yield f"{key}.n_components is {components}; it must be at most {n_features}, the number of pixel values."
        elif components > images:
            yield f"{key}.n_components is {components}; it must be at most {images}, {where}."


def _values(value: int | list[int]) -> list[int]:
    return value if isinstance(value, list) else [value]


def _key(path: Any) -> str:
    return ".".join(str(part) for part in path) or "the configuration"


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    return text if len(text) <= 80 else text[:77] + "..."
