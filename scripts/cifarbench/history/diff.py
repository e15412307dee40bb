"""Compare nested settings: list each changed key with its old and new value."""

import json
from typing import Any, NamedTuple

ABSENT = "-"


class ConfigChange(NamedTuple):
    """A dotted key with both values as text; `ABSENT` for a missing value."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[ConfigChange]:
    """Return the keys of nested settings whose values differ, in the order of `new`, then removed ones."""
    before, after = flatten(old), flatten(new)
    keys = dict.fromkeys([*after, *before])
    pairs = (ConfigChange(key, _to_text(before, key), _to_text(after, key)) for key in keys)
    # As text, since 1, 1.0 and True are equal in Python.
    return [change for change in pairs if change.old != change.new]


def flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, with keys such as `models.mlp.epochs`; lists without names are values."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        key = f"{prefix}{name}"
        if isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value):
            value = {entry["name"]: entry for entry in value} or value
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{key}.")
        else:
            flat[key] = value
    return flat


def _to_text(values: dict[str, Any], key: str) -> str:
    """Return the value of a key as YAML writes it."""
    value = values.get(key, ABSENT)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
