"""k nearest neighbours by approximate search, and how many of the true ones it finds."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.neighbors.family import DEFAULTS, n_indexes
from cifarbench.neighbors.graph import Graph
from cifarbench.neighbors.lists import Lists
from cifarbench.neighbors.search import NOBODY, merged, nearest_rows, points_of
from cifarbench.study.cost import Stopwatch
from cifarbench.study.errors import UserError

INDEXES = {"hnsw": Graph, "ivf": Lists}
# Queries by which recall is measured.
SAMPLE = 1000


def approximate_rows(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    *,
    search: dict[str, Any],
    metric: str,
    n_neighbors: int,
    threads: int,
    memory_mb: float,
    folder: Path | None = None,
    preparing: Stopwatch | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of all `queries` (M, D) as search.nearest_rows gives them, or NOBODY where too few are found.

    search: an entry's, with its method. folder: of files while it lasts. preparing: counts what it takes to build
    indexes.
    """
    preparing, search = preparing or Stopwatch(), DEFAULTS[search["method"]] | search
    points, found = points_of(queries, metric), []
    # More shards than indexes leave some with nothing.
    if not len(rows):
        shape = len(queries), n_neighbors
        return np.full(shape, NOBODY), np.full(shape, np.inf)
    for some in np.array_split(rows, n_indexes(search, len(rows))):
        with preparing:
            index = INDEXES[search["method"]](
                *(values, some, metric, search), threads=threads, memory_mb=memory_mb, folder=folder
            )
        found.append(index.nearest(points, n_neighbors))
        # One at a time is in memory.
        del index
    return merged(found, n_neighbors)


def found_rows(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    params: dict[str, Any],
    *,
    folder: Path | None = None,
    **how: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of all `queries` by the search that an entry asks for, exact or approximate.

    params: its `n_neighbors`, `metric` and `search`. folder, and how, `threads`, `memory_mb` and `preparing`: as above.
    """
    how |= {name: params[name] for name in ("metric", "n_neighbors")}
    if params["search"]:
        return approximate_rows(values, rows, queries, search=params["search"], folder=folder, **how)
    return nearest_rows(values, rows, queries, np.arange(len(queries)), **how)


def check_complete(name: str, neighbors: np.ndarray) -> None:
    """UserError if a model's search has looked at so few points that some query has fewer neighbours than it should."""
    if (neighbors == NOBODY).any():
        raise UserError(
            f"{name}: some images have fewer neighbours than they should; a larger search.effort finds them."
        )


def judged(
    name: str,
    neighbors: np.ndarray,
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    params: dict[str, Any],
    *,
    seconds: float,
    threads: int,
    memory_mb: float,
) -> dict[str, Any]:
    """How a model's approximate search did that found these neighbours (M, n_neighbors) in so many seconds.

    `recall`: the share of the exact neighbours of `sample` queries that are among them. `queries_per_second`, and
    `exact_queries_per_second`. Raises UserError if some are missing.
    """
    check_complete(name, neighbors)
    sample = np.unique(np.linspace(0, len(queries) - 1, SAMPLE).astype(int))
    with Stopwatch() as exactly:
        exact, _ = nearest_rows(
            *(values, rows, queries, sample),
            metric=params["metric"],
            n_neighbors=params["n_neighbors"],
            threads=threads,
            memory_mb=memory_mb,
        )
    return {
        **DEFAULTS[params["search"]["method"]],
        **params["search"],
        "recall": recall(neighbors[sample], exact),
        "sample": len(sample),
        "queries_per_second": len(queries) / seconds,
        "exact_queries_per_second": len(sample) / exactly.seconds,
    }


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """The share of exact neighbours (M, K) that are among those found (M, K)."""
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())
