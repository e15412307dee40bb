"""What a stranger's file holds, put into words for a message: short, and in characters that only show."""

from typing import Any

import numpy as np


def escape_ascii(text: Any, length: int = 100) -> str:
    """The beginning of a text, with escapes for whatever is not plain ASCII."""
    return ascii(str(text)[:length])[1:-1]


def describe_value(value: Any) -> str:
    """What a value is: texts and numbers themselves, of everything else its kind."""
    match value:
        case np.ndarray():
            return f"an array of {value.dtype} of shape {value.shape}"
        case str() | bytes():
            return ascii(value[:40])
        case int() | None:
            return str(value)
    return f"a {type(value).__name__}"
