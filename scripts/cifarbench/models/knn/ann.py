"""Approximate search by an inverted file (IVF): points in lists around centroids, a few of which a query probes.

Jégou et al. 2011, doi 10.1109/TPAMI.2010.57. The search multiplies each list by all queries that probe it, as
`faiss.contrib.big_batch_search` does, which is three times as fast as `IndexIVFFlat.search` for thousands of queries.
(The loop of faiss 1.15 prints each list, takes 16 threads, and fails for fewer probes than lists.)
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from cifarbench.errors import UserError
from cifarbench.io.memmap import chunk_rows, release_pages, take_rows
from cifarbench.models.knn.exact import (
    EXTRA_CANDIDATES,
    MISSING_ID,
    NAN_MESSAGE,
    POINTS_MEMORY_SHARE,
    QUERIES_MEMORY_SHARE,
    empty_topk,
    knn_blocked,
    merge_topk,
    pairwise_sq_distances,
    rounding_error_bound,
    row_norms,
    sample_vectors,
    to_vectors,
    topk,
)
from cifarbench.planning.model_family import Entry
from cifarbench.runtime.faiss_setup import faiss, get_invlist
from cifarbench.runtime.threads import map_threaded
from cifarbench.runtime.timing import Timer

# Points that k-means has for each centroid, and values in all of them, at most.
TRAIN_POINTS = 32
MAX_TRAIN_VALUES = 1 << 25
# Points that are assigned to lists together. Products round by their shape, so this does not depend on `memory_mb`.
ASSIGNED_POINTS = 1024
# Queries that are searched together: more gain nothing.
MAX_QUERIES = 1 << 14
# Distances of a list's points that are in memory together.
MAX_DISTANCES = 1 << 20
# Bytes of a query for each neighbour, measured.
NEIGHBOR_BYTES = 200
# Queries by which recall is measured.
RECALL_SAMPLE = 1000


class IVFIndex:
    """Trained centroids, and the inverted lists of a part of the points at a time.

    Of the points in the lists that a query probes, the nearest are found exactly: products give candidates, which are
    re-scored in float64, and of equally distant points the lower row is nearer. The result depends neither on
    `memory_mb` nor on `threads`.

    Parameters
    ----------
    values : (N, D) pixels uint8 or features float32, may be mapped. Values that are not finite raise ValueError.
    rows : (n,) rows of `values` to search.
    ann : `nlist`, the number of lists, and `nprobe`, the number of lists that a query probes.
    """

    def __init__(self, values: np.ndarray, rows: np.ndarray, metric: str, ann: Entry, threads: int):
        self.values, self.metric, self.threads = values, metric, threads
        self.blocks = np.split(rows, range(ASSIGNED_POINTS, len(rows), ASSIGNED_POINTS))
        nlist = min(ann["nlist"], len(rows))
        n_train = max(min(nlist * TRAIN_POINTS, MAX_TRAIN_VALUES // values.shape[1]), nlist)
        points = sample_vectors(values, rows, n_train, metric)
        n_values = points.shape[1]
        # float32 distances are the more exact, the nearer the points are to the origin.
        self.center = points.mean(axis=0)
        self.index = faiss.IndexIVFFlat(faiss.IndexFlatL2(n_values), n_values, nlist)
        self.index.nprobe = min(ann["nprobe"], nlist)
        self.index.cp.min_points_per_centroid = 1
        # Several threads would round differently.
        faiss.omp_set_num_threads(1)
        self.index.train(self._centered(points))

    def parts(self, memory_mb: float) -> Iterator[list[np.ndarray]]:
        """Yield those of `blocks` whose lists fit into the memory for points together."""
        # Twice, since lists grow by doubling.
        block_bytes = 2 * ASSIGNED_POINTS * _list_bytes(self.values.shape[1])
        for part in chunk_rows(np.arange(len(self.blocks)), block_bytes, POINTS_MEMORY_SHARE * memory_mb):
            yield self.blocks[part[0] : part[-1] + 1]

    def add(self, blocks: list[np.ndarray]) -> None:
        """Replace the content of the lists by blocks of rows."""
        faiss.omp_set_num_threads(1)
        self.index.reset()
        for block in blocks:
            points = to_vectors(take_rows(self.values, block), self.metric)
            self.index.add_with_ids(self._centered(points), block)
            release_pages(self.values)

    def search(
        self, queries: np.ndarray, n_neighbors: int, memory_mb: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows (M, n_neighbors) int64, nearest first, and squared distances float64, for queries (M, D).

        If the probed lists have fewer points, the others are MISSING_ID at infinite distance.
        """
        # The queries, centered, and those that probe a list.
        query_bytes = 3 * _list_bytes(queries.shape[1]) + NEIGHBOR_BYTES * n_neighbors
        most = min(MAX_QUERIES, -(-len(queries) // self.threads))
        blocks = chunk_rows(
            np.arange(len(queries)), query_bytes, QUERIES_MEMORY_SHARE * memory_mb / self.threads, most
        )
        results = map_threaded(partial(self._search, queries, n_neighbors=n_neighbors), blocks, self.threads)
        neighbors, squares = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return neighbors, squares

    def _search(
        self, all_queries: np.ndarray, block: np.ndarray, n_neighbors: int
    ) -> tuple[np.ndarray, np.ndarray]:
        faiss.omp_set_num_threads(1)
        queries = to_vectors(take_rows(all_queries, block), self.metric, queries=True)
        centered = self._centered(queries)
        _, probed = self.index.quantizer.search(centered, self.index.nprobe)
        candidate_squares, candidates = self._candidates(centered, probed, n_neighbors + EXTRA_CANDIDATES)
        neighbors, squares = topk(*self._rescore(queries, candidates), n_neighbors)

        # Upper bounds of the float32 distances of points that are not farther than the last neighbour. The norm of
        # such a point is at most the query's and that distance; centering adds 4 roundings.
        norms, last = row_norms(centered), squares[:, -1]
        limits = last + rounding_error_bound(norms, norms + np.sqrt(last), queries.shape[1] + 4)
        complete = (candidates[:, -1] < 0) | (candidate_squares[:, -1] > limits)
        # Too many points are at about the same distance: all points of the probed lists are re-scored.
        for query in np.flatnonzero(~complete):
            lists = [get_invlist(self.index.invlists, int(number)) for number in probed[query]]
            rows = np.concatenate([rows for rows, _ in lists])
            neighbors[query], squares[query] = topk(
                *self._rescore(queries[query : query + 1], rows[None]), n_neighbors
            )
        return neighbors, squares

    def _candidates(
        self, queries: np.ndarray, probed: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return squared float32 distances of the nearest in the lists, and their rows, -1 if there are fewer."""
        heap = faiss.ResultHeap(len(queries), count)
        order = np.argsort(probed, axis=None)
        numbers, starts = np.unique(probed.ravel()[order], return_index=True)
        for number, pairs in zip(numbers, np.split(order, starts[1:]), strict=True):
            rows, codes = get_invlist(self.index.invlists, int(number))
            if not len(rows):
                continue
            points, size = codes.view(np.float32), max(MAX_DISTANCES // len(rows), 1)
            for start in range(0, len(pairs), size):
                query = pairs[start : start + size] // self.index.nprobe
                heap.add_result_subset(query, faiss.pairwise_distances(queries[query], points), rows)
        heap.finalize()
        return heap.D, heap.I

    def _rescore(self, queries: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the candidate rows of each query (M, n), MISSING_ID for -1, and squared float64 distances."""
        query, column = np.nonzero(candidates >= 0)
        rows = candidates[query, column]
        # Sorted, so that adjacent rows are read together.
        order = np.argsort(rows)
        query, column, rows = query[order], column[order], rows[order]
        neighbors, squares = empty_topk(*candidates.shape)
        neighbors[query, column] = rows
        squares[query, column] = pairwise_sq_distances(queries, query, self.values, rows, self.metric)
        return neighbors, squares

    def _centered(self, points: np.ndarray) -> np.ndarray:
        centered = points - self.center
        if not np.isfinite(centered).all():
            raise ValueError(NAN_MESSAGE)
        return centered


def _list_bytes(n_values: int) -> int:
    """Return the bytes of a point in its list: float32 values and an int64 row."""
    return 4 * n_values + 8


def knn_search(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    params: Entry,
    *,
    threads: int,
    memory_mb: float,
    preparing: Timer | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the neighbours of all `queries` by exact or approximate search; see `knn_blocked`.

    params: `n_neighbors`, `metric` and `ann`. preparing: timer of the conversion to vectors, or of building the index.
    """
    metric, n_neighbors, ann = params["metric"], params["n_neighbors"], params["ann"]
    preparing = preparing or Timer()
    if not ann:
        return knn_blocked(
            *(values, rows, queries, np.arange(len(queries))),
            metric=metric,
            n_neighbors=n_neighbors,
            threads=threads,
            memory_mb=memory_mb,
            preparing=preparing,
        )
    with preparing:
        index = IVFIndex(values, rows, metric, ann, threads)

    def search_parts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for part in index.parts(memory_mb):
            with preparing:
                index.add(part)
            yield index.search(queries, n_neighbors, memory_mb)

    return merge_topk(search_parts(), n_neighbors)


def check_enough_neighbors(name: str, neighbors: np.ndarray) -> None:
    """Raise UserError if the probed lists of a query have fewer points than it needs neighbours."""
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

    `recall` is the share of the exact neighbours of `sample` queries. Raises UserError if neighbours are missing.
    """
    check_enough_neighbors(name, neighbors)
    sample = np.unique(np.linspace(0, len(queries) - 1, RECALL_SAMPLE).astype(int))
    with Timer() as watch:
        exact, _ = knn_blocked(
            *(values, rows, queries, sample),
            metric=params["metric"],
            n_neighbors=params["n_neighbors"],
            threads=threads,
            memory_mb=memory_mb,
        )
    is_neighbor = (neighbors[sample][:, :, None] == exact[:, None, :]).any(axis=1)
    return {
        **params["ann"],
        "recall": float(is_neighbor.mean()),
        "sample": len(sample),
        "queries_per_second": len(queries) / seconds,
        "exact_queries_per_second": len(sample) / watch.seconds,
    }
