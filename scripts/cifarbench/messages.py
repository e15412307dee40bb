"""Format keys, values and jobs for messages."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def dotted_key(path: Iterable[Any]) -> str:
    """Return a path in the configuration as one key with dots."""
    return ".".join(map(str, path)) or "the configuration"


def format_value(value: Any) -> str:
    """Return a value as YAML writes it, shortened if it is long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    return text if len(text) <= 80 else text[:77] + "..."


def number_hint(value: Any, schema_type: Any) -> str:
    """Return a sentence on how to write a number that YAML or --config read as text or as a float.

    YAML 1.1 reads 1e-3 as text, --config reads 1e2 as 100.0, and the entries of a list as text.
    """
    is_whole_float = isinstance(value, float) and value.is_integer()
    if schema_type not in ("integer", "number") or not (isinstance(value, str) or is_whole_float):
        return ""
    try:
        number = float(value)
    except ValueError:
        return ""
    if schema_type == "integer":
        if not number.is_integer():
            return ""
        number = int(number)
    quotes = ", without quotes" if isinstance(value, str) else ""
    return f" Write {number!r} in a configuration file{quotes}."


def suggest(name: Any, known: Iterable[str], otherwise: str) -> str:
    """Return which known name is close to `name`; `otherwise` and all known names if none is."""
    by_lower_case = {name.lower(): name for name in known}
    close = get_close_matches(str(name).lower(), by_lower_case, n=1)
    if close:
        return f"did you mean {by_lower_case[close[0]]}?"
    return f"{otherwise} {', '.join(by_lower_case.values()) or 'none'}."


def format_error(error: Exception) -> str:
    """Return the class of an exception and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def unknown_key(key: str, name: Any, known: Iterable[str]) -> str:
    """Return the sentence that `key`, which ends in `name`, does not exist, with a suggestion."""
    return f"{key} is not a key of the configuration; {suggest(name, known, 'known here:')}"


def job_labels(wildcards: dict[str, str]) -> list[str]:
    """Return the labels of a job from its wildcards: dataset, run (model, seed and size joined), others."""
    rest = dict(wildcards)
    run = "".join(rest.pop(name, "") for name in ("model", "seed", "size"))
    return [rest.pop("dataset", ""), *filter(None, [run, *rest.values()])]
