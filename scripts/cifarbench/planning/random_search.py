"""Draw the candidates of a random search (Bergstra and Bengio 2012, JMLR 13)."""

import json
import math
from random import Random
from typing import Any

# A list of values, or one of {log: [low, high]}, {uniform: [low, high]} and {int: [low, high]}.
Values = list[Any] | dict[str, list[Any]]
# Draws per candidate, after which a space has no further ones.
MAX_DRAWS = 100


def draw_candidates(space: dict[str, Values], n: int, seed: int) -> list[dict[str, Any]]:
    """Return n different candidates, or all if the space has fewer.

    With another n, the candidates that both have are the same. The draws of a key do not depend on the other keys.
    """
    candidates: dict[str, dict[str, Any]] = {}
    for number in range(n * MAX_DRAWS):
        # Python keeps the stream of `random` for a seed in every version.
        candidate = {
            key: _pick(space[key], Random(f"{seed}/{number}/{key}").random()) for key in sorted(space)
        }
        candidates.setdefault(json.dumps(candidate), candidate)
        if len(candidates) == n:
            break
    return list(candidates.values())


def list_values(values: Values) -> list[Any]:
    """Return the values of a list, or the two bounds of a range as candidates have them."""
    if isinstance(values, list):
        return values
    [(kind, bounds)] = values.items()
    return bounds if kind == "int" else [float(bound) for bound in bounds]


def _pick(values: Values, share: float) -> Any:
    """Return the value at a share of the list or range, from 0 to less than 1."""
    low, high = list_values(values)[0], list_values(values)[-1]
    match values:
        case {"int": _}:
            return low + int(share * (high - low + 1))
        case {"uniform": _}:
            value = low + share * (high - low)
        case {"log": _}:
            value = math.exp(math.log(low) + share * math.log(high / low))
        case list():
            return values[int(share * len(values))]
    # Four digits are the same on every machine, and short enough for tables and file names.
    return min(max(float(f"{value:.4g}"), low), high)
