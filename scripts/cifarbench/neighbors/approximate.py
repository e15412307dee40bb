"""k nearest neighbours by approximate search, and how many of the true ones it finds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.neighbors.family import DEFAULTS, n_indexes
from cifarbench.neighbors.graph import Graph
from cifarbench.neighbors.lists import Lists, bytes_a_point
from cifarbench.neighbors.search import NOBODY, OF_QUERIES, merged, nearest_rows, nobody, points_of
from cifarbench.study.blocks import row_blocks, take
from cifarbench.study.cost import Stopwatch
from cifarbench.study.errors import UserError

INDEXES = {"hnsw": Graph, "ivf": Lists}
# Queries by which recall is measured.
SAMPLE = 1000
# Queries that are looked up together: more gain nothing. Bytes of one for each neighbour that is wanted, measured.
MOST_QUERIES, CANDIDATES = 1 << 14, 200


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
    preparing = preparing or Stopwatch()
    # Points, and what comes into question of them.
    query_bytes = 2 * bytes_a_point(values.shape[1]) + CANDIDATES * n_neighbors
    blocks = [*row_blocks(np.arange(len(queries)), query_bytes, OF_QUERIES * memory_mb, MOST_QUERIES)]

    def found() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if not len(rows):
            # A shard more than there are graphs.
            yield nobody(len(queries), n_neighbors)
        built = indexes(values, rows, metric, search, threads=threads, memory_mb=memory_mb, folder=folder)
        while True:
            with preparing:
                index = next(built, None)
            if index is None:
                return
            some = [index.nearest(points_of(take(queries, block), metric), n_neighbors) for block in blocks]
            # Before the next is built.
            del index
            answer = tuple(np.concatenate(parts) for parts in zip(*some, strict=True))
            del some
            yield answer

    return merged(found(), n_neighbors)


def indexes(
    values: np.ndarray, rows: np.ndarray, metric: str, search: dict[str, Any], **how: Any
) -> Iterator[Graph | Lists]:
    """The indexes of some rows, each built when it is asked for. how: `threads`, `memory_mb` and `folder`."""
    search = DEFAULTS[search["method"]] | search
    for some in np.array_split(rows, n_indexes(search, len(rows))) if len(rows) else []:
        yield INDEXES[search["method"]](values, some, metric, search, **how)


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
