"""k nearest neighbours by approximate search, and how many of the true ones it finds.

An index holds a byte of each value, and proposes a few more neighbours than are wanted; these are measured again, by
the values themselves, from where they are mapped.
"""

from typing import Any

import numpy as np

from cifarbench.neighbors.family import DEFAULTS
from cifarbench.neighbors.search import MOST_POINTS, OF_POINTS, measured, nearest_rows, points_of
from cifarbench.study.blas import faiss
from cifarbench.study.blocks import MEGABYTE, let_go, row_blocks, take
from cifarbench.study.cost import Stopwatch
from cifarbench.study.errors import UserError

# Queries by which recall is measured; points by which centres of lists are found, for each list, or otherwise the range
# of values; proposals for each neighbour that is wanted.
SAMPLE = 1000
TRAINED_ON, SEEN = 64, 25_000
PROPOSED = 2
BYTE = faiss.ScalarQuantizer.QT_8bit


class TooFew(ValueError):
    """A search that looked at so few points that some query has fewer neighbours than it should."""


class ApproximateIndex:
    """Points (N, D) in an order in which a search has to look at few of them. search: an entry's, with its method."""

    def __init__(self, search: dict[str, Any], n_values: int, threads: int):
        self.search = DEFAULTS[search["method"]] | search
        self.threads = threads
        if search["method"] == "hnsw":
            self.index = faiss.IndexHNSWSQ(n_values, BYTE, self.search["links"])
            self.index.hnsw.efConstruction = self.search["build_effort"]
        else:
            self._centres = faiss.IndexFlatL2(n_values)
            self.index = faiss.IndexIVFScalarQuantizer(
                self._centres, n_values, self.search["lists"], BYTE, faiss.METRIC_L2, False
            )
        self.set_effort(self.search["effort"])

    def set_effort(self, effort: int) -> None:
        """How many points, or lists, a search looks at."""
        if self.search["method"] == "hnsw":
            self.index.hnsw.efSearch = effort
        else:
            self.index.nprobe = effort

    def bytes_a_point(self, n_values: int) -> int:
        """What an index keeps of a point: a byte of each value, its number, and those of points that it links to."""
        # The lowest layer of the graph has twice the links, and few points are in a higher one.
        return n_values + 8 + (8 * self.search["links"] if self.search["method"] == "hnsw" else 0)

    def fill(
        self, values: np.ndarray, rows: np.ndarray, metric: str, memory_mb: float, seed: int = 0
    ) -> None:
        """Put in some rows of mapped pixels or features. UserError if their index would not fit into `memory_mb`."""
        needed = len(rows) * self.bytes_a_point(values.shape[1]) / MEGABYTE
        if needed > memory_mb:
            raise UserError(
                f"search.method {self.search['method']} keeps all points in memory, {needed:,.0f} MB of them, and "
                f"memory_mb is {memory_mb:,.0f}: raise it, take fewer components, or leave search out and divide the "
                "exact search into shards."
            )
        self._values, self._rows, self._metric = values, rows, metric
        # Several threads would link points in another order each time.
        faiss.omp_set_num_threads(1)
        if not self.index.is_trained:
            few = min(self.search["lists"] * TRAINED_ON if "lists" in self.search else SEEN, len(rows))
            chosen = np.sort(np.random.default_rng(seed).choice(len(rows), few, replace=False))
            self.index.train(points_of(values[rows[chosen]], metric))
        row_bytes = values.shape[1] * np.dtype(np.float32).itemsize
        for block in row_blocks(rows, row_bytes, OF_POINTS / 4 * memory_mb, MOST_POINTS):
            self.index.add(points_of(take(values, block), metric))
            let_go(values)

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions among the points (M, count) int64, nearest first, and squares of distances (M, count) float64.

        Raises TooFew.
        """
        faiss.omp_set_num_threads(self.threads)
        _, proposed = self.index.search(queries, min(PROPOSED * count, len(self._rows)))
        squares = measured(queries, self._values, self._rows, proposed, self._metric)
        order = np.lexsort((proposed, squares))[:, :count]
        if np.isinf(np.take_along_axis(squares, order[:, -1:], axis=1)).any():
            raise TooFew(
                "some images have fewer neighbours than they should; a larger search.effort finds them"
            )
        return np.take_along_axis(proposed, order, axis=1), np.take_along_axis(squares, order, axis=1)


def approximate_rows(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    params: dict[str, Any],
    *,
    threads: int,
    memory_mb: float,
    preparing: Stopwatch,
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Neighbours as search.nearest_rows gives them, of all `queries` (M, D), and how the search did.

    params: `n_neighbors`, `metric`, `search`. The last says `recall`, the share of the exact neighbours of `sample`
    queries that were found, and with it `queries_per_second` and `exact_queries_per_second`. preparing: counts what it
    takes to build the index, which is in memory as a whole.
    """
    count, metric = params["n_neighbors"], params["metric"]
    index = ApproximateIndex(params["search"], values.shape[1], threads)
    with preparing:
        index.fill(values, rows, metric, memory_mb)
    with Stopwatch() as searching:
        places, squares = index.nearest(points_of(queries, metric), count)
    neighbors = rows[places]
    sample = np.unique(np.linspace(0, len(queries) - 1, SAMPLE).astype(int))
    with Stopwatch() as exactly:
        exact, _ = nearest_rows(
            *(values, rows, queries, sample),
            metric=metric,
            n_neighbors=count,
            threads=threads,
            memory_mb=memory_mb,
        )
    return (
        neighbors,
        squares,
        {
            **index.search,
            "recall": recall(neighbors[sample], exact),
            "sample": len(sample),
            "queries_per_second": len(queries) / searching.seconds,
            "exact_queries_per_second": len(sample) / exactly.seconds,
        },
    )


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """The share of exact neighbours (M, K) that are among those found (M, K)."""
    return float((found[:, :, None] == exact[:, None, :]).any(axis=1).mean())
