"""k nearest neighbours by approximate search, and how many of the true ones it finds."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cifarbench.errors import UserError
from cifarbench.models.knn.exact import MISSING_ID, knn_blocked, merge_topk
from cifarbench.models.knn.ivf import IVFIndex
from cifarbench.planning.model_family import Entry
from cifarbench.runtime.timing import Timer

# Queries by which recall is measured.
RECALL_SAMPLE = 1000


def ann_search(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    *,
    ann: Entry,
    metric: str,
    n_neighbors: int,
    threads: int,
    memory_mb: float,
    preparing: Timer | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the neighbours of all `queries` (M, D) as search.nearest_rows does, or NOBODY where too few are found.

    ann: `nlist` and `nprobe`. preparing: counts the time that building the index takes.
    """
    preparing = preparing or Timer()
    with preparing:
        index = IVFIndex(values, rows, metric, ann, threads)

    def found() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for part in index.parts(memory_mb):
            with preparing:
                index.add(part)
            yield index.search(queries, n_neighbors, memory_mb)

    return merge_topk(found(), n_neighbors)


def knn_search(
    values: np.ndarray, rows: np.ndarray, queries: np.ndarray, params: Entry, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Find the neighbours of all `queries` by exact or approximate search, as the model's parameters have it.

    params: `n_neighbors`, `metric` and `ann`. options: `threads`, `memory_mb` and `preparing`, as above.
    """
    options |= {name: params[name] for name in ("metric", "n_neighbors")}
    if params["ann"]:
        return ann_search(values, rows, queries, ann=params["ann"], **options)
    return knn_blocked(values, rows, queries, np.arange(len(queries)), **options)


def check_enough_neighbors(name: str, neighbors: np.ndarray) -> None:
    """Raise UserError if the lists that some query probes have fewer points than neighbours are wanted."""
    if (neighbors == MISSING_ID).any():
        raise UserError(
            f"{name}: some images have fewer neighbours than they should; a larger ann.nprobe finds them."
        )


def measure_recall_and_qps(
    name: str,
    neighbors: np.ndarray,
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    params: Entry,
    *,
    seconds: float,
    threads: int,
    memory_mb: float,
) -> dict[str, Any]:
    """Measure recall and throughput of an approximate search that took `seconds` to find neighbours (M, n_neighbors).

    Returns `nlist`, `nprobe`, `recall` (the share of the exact neighbours of `sample` queries that were found),
    `sample`, `queries_per_second` and `exact_queries_per_second`. Raises UserError if some neighbours are missing.
    """
    check_enough_neighbors(name, neighbors)
    sample = np.unique(np.linspace(0, len(queries) - 1, RECALL_SAMPLE).astype(int))
    with Timer() as exactly:
        exact, _ = knn_blocked(
            *(values, rows, queries, sample),
            metric=params["metric"],
            n_neighbors=params["n_neighbors"],
            threads=threads,
            memory_mb=memory_mb,
        )
    return {
        **params["ann"],
        "recall": recall_at_k(neighbors[sample], exact),
        "sample": len(sample),
        "queries_per_second": len(queries) / seconds,
        "exact_queries_per_second": len(sample) / exactly.seconds,
    }


def recall_at_k(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the share of exact neighbours (M, K) that are among those found (M, K)."""
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())
