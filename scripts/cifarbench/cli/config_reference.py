"""Write the tables of all configuration keys from the schema, the model families and the feature types."""

import json
from pathlib import Path
from typing import Any

import yaml

from cifarbench.config.schema import load_schema
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.io.markdown_sections import markdown_table
from cifarbench.planning.model_family import values_in_words

CONFIG = Path("config/config.yaml")
# A default with more characters is not shown.
MAX_DEFAULT_CHARACTERS = 30
# Sections with tables that are not made from the schema's `properties`.
ENTRIES: dict[str, tuple[str, Any]] = {"models": ("family", FAMILIES), "features": ("type", FEATURE_TYPES)}
# Not part of the public configuration.
HIDDEN = ("pathvars",)

Schema = dict[str, Any]


def config_reference() -> str:
    """Return a Markdown section per part of the configuration, each with its tables."""
    schema, defaults = load_schema(), yaml.safe_load(CONFIG.read_text())
    sections = {key: part for key, part in schema["properties"].items() if key not in HIDDEN}
    top = {key: sections.pop(key) for key, part in [*sections.items()] if part["type"] != "object"}
    parts = ["## Top level", _property_table(_rows(top, defaults))]
    for key, part in sections.items():
        parts += [f"## `{key}`", f"{part['description'][0].upper()}{part['description'][1:]}."]
        if key in ENTRIES:
            parts.append(_entry_table(*ENTRIES[key]))
        elif key == "datasets":
            parts.append(_dataset_table(schema))
        else:
            parts.append(_property_table(_rows(part["properties"], defaults.get(key) or {})))
    tune = schema["$defs"]["tune"]["properties"]
    parts += [
        "## `models.<name>.tune`",
        "Grid or random search on the training images.",
        _property_table(_rows(tune, {})),
    ]
    return "\n\n".join(parts)


def _resolve(part: Schema) -> Schema:
    reference = part.get("$ref", "").removeprefix("#/$defs/")
    return load_schema()["$defs"][reference] | part if reference else part


def _rows(properties: dict[str, Schema], defaults: Any, prefix: str = "") -> list[list[str]]:
    """Return a row of cells per key: key, values, default, meaning. Mappings with fixed keys become dotted keys."""
    rows = []
    for key, part in properties.items():
        part, default = _resolve(part), defaults.get(key) if isinstance(defaults, dict) else None
        name = prefix + key
        entries = _resolve(part.get("additionalProperties") or {}) if "properties" not in part else {}
        if "properties" in part:
            rows += _rows(part["properties"], default or {}, f"{name}.")
        elif "properties" in entries and name == "test_sets":
            rows += _rows(entries["properties"], {}, f"{name}.<name>.")
        else:
            rows.append([f"`{name}`", _values(part), _default(default), part.get("description", "")])
    return rows


def _default(value: Any) -> str:
    text = json.dumps(value)
    return (
        "" if value is None else f"`{text}`" if len(text) <= MAX_DEFAULT_CHARACTERS else "see `config.yaml`"
    )


def _values(part: Schema) -> str:
    """Return the type and range of a schema in words."""
    part = _resolve(part)
    if "enum" in part:
        return values_in_words(part)
    types = part.get("type", "object")
    types = [types] if isinstance(types, str) else types
    return " or ".join(_type_in_words(kind, part) for kind in types if kind != "null")


def _type_in_words(kind: str, part: Schema) -> str:
    if kind == "boolean":
        return values_in_words({"type": kind})
    if kind == "array":
        items = _values(part["items"])
        return f"list of: {items}" if part["items"] else "list"
    if kind in ("integer", "number"):
        return f"{kind} {values_in_words(part)}".rstrip()
    if kind == "object":
        return "mapping"
    title = part.get("title", "text")
    return f"text {title}" if title.startswith("of ") else title


def _property_table(rows: list[list[str]]) -> str:
    return markdown_table(["key", "values", "default", "meaning"], rows)


def _entry_table(title: str, types: dict[str, Any]) -> str:
    """Return the table of all parameters; those that several types share are listed once."""
    owners: dict[tuple[str, str], list[str]] = {}
    for name, declared in types.items():
        for key, parameter in declared.parameters.items():
            owners.setdefault((key, parameter.description), []).append(name)
    rows = []
    for (key, _), names in sorted(owners.items(), key=lambda item: len(item[1])):
        parameter = types[names[0]].parameters[key]
        default = "required" if parameter.required else f"`{json.dumps(parameter.default)}`"
        rows.append([_code_list(names), f"`{key}`", parameter.range, default, parameter.description])
    return markdown_table([title, "key", "values", "default", "meaning"], rows)


def _code_list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _dataset_table(schema: Schema) -> str:
    """Return the table of dataset keys; a key that means something else for another type has another row."""
    types = schema["$defs"]["dataset"]["properties"]["type"]["enum"]
    owners: dict[tuple[str, str], list[str]] = {}
    parts: dict[tuple[str, str], Schema] = {}
    for name in types:
        for key, part in schema["$defs"][name]["properties"].items():
            if key != "type":
                part = schema["$defs"]["cifar10"]["properties"][key] if "const" in part else part
                row = key, _resolve(part)["description"]
                owners.setdefault(row, []).append(name)
                parts.setdefault(row, part)
    rows = [["`type`", "all", _code_list(types), "format of the data"]]
    for (key, description), part in parts.items():
        names = owners[key, description]
        of = "all" if names == types else _code_list(names)
        rows.append([f"`{key}`", of, _values(part), description])
    return markdown_table(["key", "types", "values", "meaning"], rows)
