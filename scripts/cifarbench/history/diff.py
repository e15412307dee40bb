"""Compare two nested settings: each changed key with its old and its new value."""

import json
from typing import Any, NamedTuple

ABSENT = "-"


class ConfigChange(NamedTuple):
    """A key, its parts joined by dots, with both values as text; `ABSENT` where there is none."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[ConfigChange]:
    """Return the keys of nested settings whose values differ, in the order of `new`, then removed ones."""
    before, after = flatten(old), flatten(new)
    both = [
        ConfigChange(key, _shown(before, key), _shown(after, key)) for key in dict.fromkeys([*after, *before])
    ]
    # As text, since to Python 1, 1.0 and true are the same.
    return [change for change in both if change.old != change.new]


def flatten(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, with keys such as `models.mlp.epochs`; lists without names are values."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        key = f"{prefix}{name}"
        if (
            isinstance(value, list)
            and value
            and all(isinstance(one, dict) and "name" in one for one in value)
        ):
            value = {one["name"]: one for one in value}
        if isinstance(value, dict) and value:
            found |= flatten(value, f"{key}.")
        else:
            found[key] = value
    return found


def _shown(values: dict[str, Any], key: str) -> str:
    """The value of a key as text, as it would stand in YAML."""
    if key not in values:
        return ABSENT
    value = values[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
