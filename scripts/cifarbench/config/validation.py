"""Check a configuration, and say in one sentence what is wrong with it."""

import math
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from cifarbench.config.semantic_checks import semantic_errors
from cifarbench.errors import UserError
from cifarbench.messages import dotted_key, format_value, unknown_key
from cifarbench.planning import variants
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import Entry, FeatureType, ModelFamily

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "text",
}


def validate(
    config: Entry,
    schema: dict[str, Any],
    families: dict[str, ModelFamily],
    kinds: dict[str, FeatureType],
    with_data: bool = True,
) -> None:
    """Raise UserError, with a sentence for each fault, unless the workflow can run with `config`.

    First the schema (unknown keys, types, ranges), to which each family and each kind of features adds its own; then
    what a schema can't see: names that must exist, and values that the size of the data makes impossible. The latter
    are left out without `with_data`.
    """
    if faults := _faults(config, schema, families, kinds, with_data):
        raise UserError("\n".join(dict.fromkeys(faults)))


def _faults(
    config: Entry,
    schema: dict[str, Any],
    families: dict[str, ModelFamily],
    kinds: dict[str, FeatureType],
    with_data: bool,
) -> list[str]:
    whole = build_schema(schema, families, kinds)
    faults = [_sentence(error) for error in Draft202012Validator(whole).iter_errors(config)]
    return (
        faults
        or [*_not_finite(config, [])]
        or [*(semantic_errors(config, families, kinds) if with_data else ())]
    )


def validate_all(
    config: Entry, schema: dict[str, Any], families: dict[str, ModelFamily], kinds: dict[str, FeatureType]
) -> dict[str, Entry]:
    """The configuration of each dataset's study, checked as `check` does, and held against each other.

    What models are fitted to parts of the training images by is checked for each of these sizes, too.
    """
    suite = config.get(variants.SECTION)
    # Where there are several, what is impossible shows once each dataset has what it has of its own.
    validate(config, schema, families, kinds, with_data=suite is None)
    configs = variants.per_dataset_configs(config)
    if suite is None:
        return configs
    faults = [
        f"{variants.SECTION}.datasets names {format_value(name)}; it must be one of the keys under datasets: "
        f"{', '.join(config['datasets'])}."
        for name in configs
        if name not in config["datasets"]
    ]
    faults = faults or [
        f"{fault[:-1]}, for {dataset}."
        for dataset, one in configs.items()
        for fault in _faults(one, schema, families, kinds, with_data=True)
    ]
    if not faults:
        plans = {dataset: Experiment(one, families, kinds) for dataset, one in configs.items()}
        faults = [
            *variants.check_errors(config, plans),
            *(
                f"{fault[:-1]}, for the first {size} training images of {dataset}."
                for dataset, plan in plans.items()
                for size in variants.train_sizes(suite.get("train_sizes", []), plan.dataset["n_train"])
                for fault in semantic_errors(
                    variants.with_train_size(configs[dataset], size), families, kinds
                )
            ),
        ]
    if faults:
        raise UserError("\n".join(dict.fromkeys(faults)))
    return configs


def build_schema(
    schema: dict[str, Any], families: dict[str, ModelFamily], kinds: dict[str, FeatureType]
) -> dict[str, Any]:
    """The schema with the entries of models and features: for each family and kind, its own parameters.

    That a parameter is missing is not the schema's to say: a grid may have it.
    """
    chained = {"features": {"$ref": "#/$defs/identifier"}}
    tuned = {"tune": {"$ref": "#/$defs/tune"}}
    models = {name: (chained if one.uses_features else {}) | tuned for name, one in families.items()}
    features = {name: {} if one.from_pixels else chained for name, one in kinds.items()}
    entries = {
        "model": _entry("family", families, models),
        "features": _entry("type", kinds, features),
    }
    return {**schema, "$defs": schema["$defs"] | entries}


def _entry(key: str, sorts: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    """An object whose `key` is the name of a sort, and which has that sort's parameters, and others beside them."""
    own = {
        name: {
            "additionalProperties": False,
            "properties": {key: {}, **also[name], **{p: one.schema for p, one in sort.parameters.items()}},
            # No keyword of JSON schema: for the sentence on a key that another sort has.
            "of": f"{key} {name}",
            "elsewhere": {p: other for other, one in reversed(sorts.items()) for p in one.parameters},
        }
        for name, sort in sorts.items()
    }
    chosen = [
        {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": rest}
        for name, rest in own.items()
    ]
    return {"type": "object", "required": [key], "properties": {key: {"enum": list(sorts)}}, "allOf": chosen}


def _sentence(error: ValidationError) -> str:
    """What jsonschema found, as a sentence with the key, its value and what would do."""
    key = dotted_key(error.absolute_path)
    found = f"{key} is {format_value(error.instance)}"
    limit = error.validator_value
    match error.validator:
        case "additionalProperties":
            return _unknown_key(error)
        case "required":
            missing = [
                dotted_key([*error.absolute_path, name]) for name in limit if name not in error.instance
            ]
            return (
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; add what is missing."
            )
        case "dependentRequired":
            name = next(name for name in limit if name in error.instance)
            needed = ", ".join(limit[name])
            return f"{dotted_key([*error.absolute_path, name])} needs {needed} beside it; add {needed} or take {name} away."
        case "type":
            kinds = " or ".join(TYPES[kind] for kind in ([limit] if isinstance(limit, str) else limit))
            return f"{found}; it must be {kinds}.{_number_hint(error.instance, limit)}"
        case "enum":
            return f"{found}; it must be one of {', '.join(map(str, limit))}."
        case "const":
            return f"{found}; it must be {format_value(limit)}."
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
            return f"{key} is {format_value(error.instance)}; name each entry once."
        case "pattern":
            return f"{found}; it must be {error.schema.get('title') or f'of the form {limit}'}."
    return f"{found}; {error.message}."


def _unknown_key(error: ValidationError) -> str:
    known = list(error.schema.get("properties", {}))
    name = next(name for name in error.instance if name not in known)
    key, elsewhere = dotted_key([*error.absolute_path, name]), error.schema.get("elsewhere", {})
    if name in elsewhere:
        sort, own = error.schema["of"], ", ".join(known[1:])
        return (
            f"{key} is no key of {sort}, but of {elsewhere[name]}, say; take it away, or choose among {own}."
        )
    return unknown_key(key, name, known)


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
        yield f"{dotted_key(path)} is {value}; it must be a finite number."
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _not_finite(inner, [*path, name])
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_finite(inner, [*path, index])
