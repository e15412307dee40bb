"""How keys and values of a configuration are put into words for a message."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def dotted_key(path: Iterable[Any]) -> str:
    """The dotted key of a place in the configuration."""
    return ".".join(str(part) for part in path) or "the configuration"


def format_value(value: Any) -> str:
    """A value as it would stand in YAML, shortened if it is long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    return text if len(text) <= 80 else text[:77] + "..."


def suggest(name: Any, known: Iterable[str], otherwise: str) -> str:
    """Which of the known names may have been meant; `otherwise`, and all of them, if none is near."""
    known = list(known)
    by_small_letters = {one.lower(): one for one in known}
    close = get_close_matches(str(name).lower(), by_small_letters, n=1)
    return (
        f"did you mean {by_small_letters[close[0]]}?"
        if close
        else f"{otherwise} {', '.join(known) or 'none'}."
    )


def unknown_key(key: str, name: Any, known: Iterable[str]) -> str:
    """That there is no such key, and which one may have been meant. key: with the name at its end."""
    return f"{key} is not a key of the configuration; {suggest(name, known, 'known here:')}"


def job_labels(wildcards: dict[str, str]) -> list[str]:
    """What a job is of, from its wildcards: the dataset, the run (model, seed, size as one), and what else there is."""
    left = dict(wildcards)
    run = "".join(left.pop(name, "") for name in ("model", "seed", "size"))
    return [left.pop("dataset", ""), *filter(None, [run, *left.values()])]
