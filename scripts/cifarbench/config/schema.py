"""Read the JSON schema of the configuration and add the parameters of each model family and feature type."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.planning.model_family import YAML_LOADER, Entry


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_const(_: Any, const: Any, value: Any, schema: Entry) -> Iterator[ValidationError]:
    if json.dumps(value) != json.dumps(const):
        yield ValidationError(f"{const!r} was expected")


# In JSON schema 42.0 is an integer and equals 42; in Python it fails as a count or a seed.
Validator = validators.extend(
    Draft202012Validator,
    {"const": _check_const},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


@cache
def load_schema() -> Entry:
    """Return the schema without the entries of models and features."""
    text = (files("cifarbench") / "config" / "config.schema.yaml").read_text()
    return yaml.load(text, YAML_LOADER)


@cache
def build_schema() -> Entry:
    """Return the schema with the entries of models and features: for each family and type, its parameters.

    None of them is required, because a grid may have it.
    """
    features_key = {"features": {"$ref": "#/$defs/identifier"}}
    tune = {"tune": {"$ref": "#/$defs/tune"}}
    models = {
        name: (features_key if family.uses_features else {}) | (tune if family.is_fitted else {})
        for name, family in FAMILIES.items()
    }
    features = {name: {} if type_.from_pixels else features_key for name, type_ in FEATURE_TYPES.items()}
    schema = load_schema()
    entries = {
        "model": _entry_schema("family", FAMILIES, models),
        "features": _entry_schema("type", FEATURE_TYPES, features),
    }
    return {**schema, "$defs": schema["$defs"] | entries}


def _entry_schema(key: str, types: dict[str, Any], more: dict[str, Any]) -> Entry:
    """Return the schema of an object whose `key` names a type, and which has that type's parameters and `more`."""
    schemas = {
        name: {
            "additionalProperties": False,
            "properties": {
                key: {},
                **more[name],
                **{p: known.schema for p, known in type_.parameters.items()},
            },
            # No keywords of JSON schema: for the sentence on a key that belongs to another type.
            "of": f"{key} {name}",
            "elsewhere": {p: other for other, owner in reversed(types.items()) for p in owner.parameters},
        }
        for name, type_ in types.items()
    }
    by_type = [
        {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": schema}
        for name, schema in schemas.items()
    ]
    return {"type": "object", "required": [key], "properties": {key: {"enum": list(types)}}, "allOf": by_type}
