"""Describe the content of untrusted files in messages: short, and in printable ASCII."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.errors import UserError

# What libraries raise for damaged files; exceptions of zipfile, tarfile and struct have other base classes.
DAMAGE_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError, EOFError, LookupError, RuntimeError)
DAMAGE_ERRORS += (zipfile.BadZipFile, zlib.error)


@contextmanager
def refuse_damaged(
    path: Path, remedy: str = "download it again", form: str = "", *errors: type[Exception]
) -> Iterator[None]:
    """Raise UserError for an error that damage of a file causes, one of DAMAGE_ERRORS or `errors`.

    form: the expected one, for the message, such as ` as .npz`.
    """
    try:
        yield
    except DAMAGE_ERRORS + errors as error:
        raise UserError(f"{path} can't be read{form} ({escape_ascii(error)}); {remedy}.") from None


def escape_ascii(text: Any, length: int = 100) -> str:
    """Return the beginning of a text, with escapes for all that is not plain ASCII."""
    return ascii(str(text)[:length])[1:-1]


def describe_value(value: Any) -> str:
    """Return text, bytes and integers themselves, and the type of every other value."""
    match value:
        case np.ndarray():
            return f"an array of {value.dtype} of shape {value.shape}"
        case str() | bytes():
            return ascii(value[:40])
        case int() if value.bit_length() > 64:
            return f"an integer of {value.bit_length()} bits"
        case int() | None:
            return str(value)
    return f"a {type(value).__name__}"


def list_names(names: Any) -> str:
    """Return the first ten of some names, escaped; `nothing` if there are none."""
    return ", ".join(escape_ascii(name, 40) for name in list(names)[:10]) or "nothing"
