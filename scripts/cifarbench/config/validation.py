"""Check a configuration and describe each mistake in one sentence."""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import ValidationError

from cifarbench.config.renamed_keys import RENAMED_TYPES, describe_former_key
from cifarbench.config.schema import Validator, build_schema
from cifarbench.config.semantic_checks import count_train_images, data_errors, reference_errors
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.messages import dotted_key, format_value, number_hint, unknown_key
from cifarbench.planning import variants
from cifarbench.planning.experiment import Experiment, calibration_train_size
from cifarbench.planning.model_family import YAML_LOADER, Entry

TYPE_LABELS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "text",
}
# Keyword of the schema -> sentence on a value that violates it.
SENTENCES = {
    "minimum": "{value_is}; it must be at least {limit}.",
    "maximum": "{value_is}; it must be at most {limit}.",
    "exclusiveMinimum": "{value_is}; it must be more than {limit}.",
    "exclusiveMaximum": "{value_is}; it must be less than {limit}.",
    "minItems": "{key} is empty or too short; give at least {limit}.",
    "minProperties": "{key} is empty or too short; give at least {limit}.",
    "maxProperties": "{value_is}; give at most {limit} of these keys.",
    "minLength": "{key} is empty or too short; give at least {limit}.",
    "maxItems": "{key} has {length} entries; give at most {limit}.",
    "maxLength": "{key} has {length} characters; give at most {limit}.",
    "uniqueItems": "{value_is}; name each entry once.",
}


def check_experiments(config: Entry) -> dict[str, Experiment]:
    """Return the experiment of each dataset of a configuration.

    Besides the schema, names must exist, and values must be valid for each number of images that models are fitted to.
    Raises UserError with a sentence for each mistake.
    """
    refuse_schema_errors(config)
    if (name := config.get("name")) in config["datasets"] or name == variants.SECTION:
        raise UserError(
            f"name is {name}, which names a dataset or the comparison of datasets, with results in results/{name}; "
            f"choose another name, such as {name}_experiment."
        )
    configs = variants.per_dataset_configs(config)
    has_suite = variants.SECTION in config
    _refuse(
        f"{variants.SECTION}.datasets names {format_value(name)}; it must be one of the keys under datasets: "
        f"{', '.join(config['datasets'])}."
        for name in configs
        if has_suite and name not in config["datasets"]
    )
    _refuse(
        _with_suffix(error, f", for {dataset}" if has_suite else "")
        for dataset, one in configs.items()
        for error in (has_suite and schema_errors(one)) or reference_errors(one)
    )
    experiments = {
        dataset: Experiment(one, FAMILIES, FEATURE_TYPES, count_train_images(one))
        for dataset, one in configs.items()
    }
    _refuse(
        _with_suffix(error, f", for {dataset}" if has_suite else "")
        for dataset, experiment in experiments.items()
        for error in data_errors(experiment)
    )
    _refuse(variants.check_errors(config, experiments) if has_suite else ())
    _refuse(
        _with_suffix(error, f", for {subset} training images of {dataset}")
        for dataset, experiment in experiments.items()
        for size, subset in _smaller_fits(config, experiment)
        for error in data_errors(Experiment(configs[dataset], FAMILIES, FEATURE_TYPES, size))
    )
    return experiments


def refuse_schema_errors(config: Entry) -> None:
    """Raise UserError with a sentence for each unknown key, wrong type and value out of range."""
    _refuse(schema_errors(config))


def _smaller_fits(config: Entry, experiment: Experiment) -> Iterator[tuple[int, str]]:
    for size in variants.train_sizes((config.get(variants.SECTION) or {}).get("train_sizes", []), experiment):
        yield size, f"the first {size}"
    if (config.get("robustness") or {}).get("temperature_scaling"):
        size = calibration_train_size(experiment.n_train)
        yield size, f"the {size} that robustness.temperature_scaling leaves of the {experiment.n_train}"


def _refuse(errors: Iterable[str]) -> None:
    if sentences := list(dict.fromkeys(errors)):
        raise UserError("\n".join(sentences))


def _with_suffix(error: str, suffix: str) -> str:
    return f"{error[:-1]}{suffix}{error[-1]}"


def schema_errors(config: Entry) -> list[str]:
    """Return a sentence for each unknown key, wrong type and value out of range."""
    errors = [_sentence(error) for error in Validator(build_schema()).iter_errors(config)]
    return errors or [*_not_json(config, [])]


def check_unique_keys(path: Path) -> None:
    """Raise UserError if a YAML file has a key twice in one mapping; the later value would replace the earlier one."""
    mappings = [yaml.compose(path.read_text(), YAML_LOADER)]
    while mappings:
        node = mappings.pop()
        if isinstance(node, yaml.SequenceNode):
            mappings += node.value
        if not isinstance(node, yaml.MappingNode):
            continue
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            mappings.append(value)
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first_lines:
                raise UserError(
                    f"{path} has the key {key.value} in line {first_lines[key.value]} and again in line {line}; put "
                    "both into one."
                )
            first_lines[key.value] = line


def _sentence(error: ValidationError) -> str:
    """Return a jsonschema error as a sentence with the key, its value and what would be valid."""
    path, value, limit = [*error.absolute_path], error.instance, error.validator_value
    key = dotted_key(path)
    value_is = f"{key} is {format_value(value)}"
    if "propertyNames" in error.schema_path:
        return _name_error(key, value, error)
    match error.validator:
        case "additionalProperties":
            return _unknown_key(error)
        case "required":
            return _missing_key(error)
        case "type":
            types = [limit] if isinstance(limit, str) else limit
            hint = "".join(number_hint(value, type_) for type_ in types)
            return f"{value_is}; it must be {' or '.join(TYPE_LABELS[type_] for type_ in types)}.{hint}"
        case "enum" if path[-1] == "type" and (new_name := RENAMED_TYPES.get(str(value))):
            return f"{value_is}, which is now called {new_name}; write {new_name} instead."
        case "enum":
            return f"{value_is}; it must be one of {', '.join(map(str, limit))}."
        case "const":
            return f"{value_is}; it must be {format_value(limit)}."
        case "pattern":
            return f"{value_is}; it must be {error.schema['title']}."
    template = SENTENCES.get(error.validator, "{value_is}; {message}.")
    length = len(value) if isinstance(value, str | list) else None
    return template.format(key=key, value_is=value_is, limit=limit, length=length, message=error.message)


def _name_error(key: str, name: Any, error: ValidationError) -> str:
    """Return the sentence on a name that the user chose for an entry under `key`."""
    if isinstance(name, bool):
        return (
            f"{key} has a name that YAML reads as {format_value(name)}, as it does yes, no, on and off; write it in "
            "quotes, or use another name."
        )
    if error.validator == "maxLength":
        return f"{key} has a name of {len(name)} characters, {name[:20]}...; give at most {error.validator_value}."
    example = re.sub(r"[^a-z0-9_]+", "_", str(name).lower()).strip("_").lstrip("_0123456789") or "name_1"
    return f"{key} has the name {name}; a name must be {error.schema['title']}, such as {example}."


def _missing_key(error: ValidationError) -> str:
    path, entry = [*error.absolute_path], error.instance
    missing = [name for name in error.validator_value if name not in entry]
    for name in entry:
        if sentence := describe_former_key(path, name, missing):
            return sentence
    verb = "is" if len(missing) == 1 else "are"
    return f"{', '.join(dotted_key([*path, name]) for name in missing)} {verb} missing; add what is missing."


def _unknown_key(error: ValidationError) -> str:
    path, known = [*error.absolute_path], list(error.schema.get("properties", {}))
    name = next(name for name in error.instance if name not in known)
    if sentence := describe_former_key(path, name, known):
        return sentence
    key = dotted_key([*path, name])
    if owner := error.schema.get("elsewhere", {}).get(name):
        return (
            f"{key} is not valid for {error.schema['of']}, but for {owner}; delete it, or use one of "
            f"{', '.join(known[1:])}."
        )
    return unknown_key(key, name, known)


def _not_json(value: Any, path: list[Any]) -> Iterator[str]:
    """Yield a sentence for each value that YAML has, and JSON has not."""
    key = dotted_key(path)
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{key} is {value}; it must be a finite number."
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(name, str):
                yield from _not_json(inner, [*path, name])
            else:
                yield f"{key} has the key {format_value(name)}, which is not text; write it in quotes."
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_json(inner, [*path, index])
    elif not isinstance(value, str | int | float | None):
        yield f"{key} is {value}, which YAML reads as a {type(value).__name__}; write it in quotes."
