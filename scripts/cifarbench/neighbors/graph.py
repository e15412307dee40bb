"""Points in a graph of near ones, along which a search finds its way: HNSW (Malkov and Yashunin, arXiv 1603.09320).

It holds a byte of each value, and proposes a few more neighbours than are wanted; these are measured again, by the
values themselves, from where they are mapped.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.neighbors.search import MOST_POINTS, first, nobody, pair_squares, points_of, sampled
from cifarbench.study.blas import faiss
from cifarbench.study.blocks import MEGABYTE, let_go, row_blocks, take
from cifarbench.study.errors import UserError

# Values of points by which their range is found, at most, and megabytes of points that are linked together.
RANGE_VALUES, BLOCK_MB = 1 << 21, 10
# Proposals for each neighbour that is wanted: what bytes round is made up for.
PROPOSED = 1.5


class Graph:
    """Rows of mapped pixels or features (N, D), each linked to near ones, in memory.

    search: `links` of a point, and `build_effort` and `effort`, points that building and searching keep in view.
    Raises UserError if it would not fit into `memory_mb`.
    """

    def __init__(
        self,
        values: np.ndarray,
        rows: np.ndarray,
        metric: str,
        search: dict[str, Any],
        *,
        threads: int,
        memory_mb: float,
        folder: Path | None = None,
    ):
        n_values = values.shape[1]
        # Twice, since what grows is copied.
        needed = 2 * len(rows) * bytes_a_point(search["links"], n_values) / MEGABYTE
        if needed > memory_mb:
            raise UserError(
                f"search.method hnsw keeps {len(rows):,} points in memory, for which it needs {needed:,.0f} MB, and "
                f"memory_mb is {memory_mb:,.0f}: raise it, take fewer components, or let search.method be ivf."
            )
        self.values, self.rows, self.metric = values, rows, metric
        self.effort, self.threads = search["effort"], threads
        # Several threads would link points in another order each time.
        faiss.omp_set_num_threads(1)
        self.index = faiss.IndexHNSWSQ(n_values, faiss.ScalarQuantizer.QT_8bit, search["links"])
        self.index.hnsw.efConstruction = search["build_effort"]
        self.index.train(sampled(values, rows, max(RANGE_VALUES // n_values, 1), metric))
        row_bytes = n_values * np.dtype(np.float32).itemsize
        # Blocks of another size would link points in another order.
        for block in row_blocks(rows, row_bytes, BLOCK_MB, MOST_POINTS):
            self.index.add(points_of(take(values, block), metric))
            let_go(values)

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the nearest (M, count) int64, nearest first, and squares of distances (M, count) float64.

        Where fewer are found, NOBODY stands for the others, at infinite distance. queries: (M, D) float32.
        """
        faiss.omp_set_num_threads(self.threads)
        self.index.hnsw.efSearch = self.effort
        _, proposed = self.index.search(queries, math.ceil(PROPOSED * count))
        query, place = np.nonzero(proposed >= 0)
        found, squares = nobody(*proposed.shape)
        found[query, place] = self.rows[proposed[query, place]]
        squares[query, place] = pair_squares(queries, query, self.values, found[query, place], self.metric)
        return first(found, squares, count)


def bytes_a_point(links: int, n_values: int) -> int:
    """What a graph keeps of a point: a byte of each value, its number, and those of points that it links to."""
    # The lowest layer has twice the links, and few points are in a higher one.
    return n_values + 8 + 8 * links
