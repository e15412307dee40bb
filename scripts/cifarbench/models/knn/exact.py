"""Search the k nearest neighbours exactly; the result does not depend on how the points are divided into parts."""

from collections.abc import Iterable
from functools import partial, reduce
from pathlib import Path
from typing import Self

import numpy as np

from cifarbench.features.covariance import center
from cifarbench.io.atomic import load_npz
from cifarbench.io.memmap import chunk_rows, release_pages, take_rows
from cifarbench.runtime.faiss_setup import faiss
from cifarbench.runtime.threads import map_threaded
from cifarbench.runtime.timing import Timer

# Index of a missing neighbour, after all others.
MISSING_ID = np.iinfo(np.int64).max
NAN_MESSAGE = "some distances between images are not finite"
# Candidates beyond the neighbours wanted.
EXTRA_CANDIDATES = 10
# Candidate pairs of one search, and values of pairs that are re-scored together: they fit into the cache.
MAX_CANDIDATE_PAIRS = 1 << 22
PAIR_CHUNK_VALUES = 1 << 16
# Values of a vector from which a single product uses several cores well.
MIN_DIM_FOR_BLAS_THREADS = 1024
# Rows, and values of them, that are read one by one, each on a separate page.
GATHER_ROWS = 1 << 13
GATHER_VALUES = 1 << 22
# Shares of a job's memory that points and queries may take, as float32.
POINTS_MEMORY_SHARE = 0.4
QUERIES_MEMORY_SHARE = 0.15
# Points that are searched together: more take twice as long in faiss, and memory would grow with their number.
POINT_BLOCK = 25_000


def to_vectors(values: np.ndarray, metric: str, queries: bool = False) -> np.ndarray:
    """Return pixels uint8 or features (N, D) as float32 vectors to be compared by Euclidean distance.

    For the cosine, vectors (N, D + 2) have unit length, so that their squared distance is 2 (1 - cosine). As in
    scikit-learn, the distance of a zero vector to every vector, zero or not, is 1: it becomes a unit vector along an
    additional axis, one for points and one for queries.
    """
    vectors = center(values) if values.dtype == np.uint8 else np.ascontiguousarray(values)
    if metric == "euclidean":
        return vectors
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    is_zero = lengths == 0
    unit = np.zeros((len(vectors), vectors.shape[1] + 2), np.float32)
    np.divide(vectors, np.where(is_zero, 1, lengths)[:, None], out=unit[:, :-2], casting="same_kind")
    unit[:, -1 if queries else -2] = is_zero
    return unit


def sample_vectors(values: np.ndarray, rows: np.ndarray, count: int, metric: str) -> np.ndarray:
    """Return at most `count` rows of mapped pixels or features, drawn with a fixed seed, as vectors."""
    chosen = np.random.default_rng(0).choice(len(rows), min(count, len(rows)), replace=False)
    return to_vectors(values[rows[np.sort(chosen)]], metric)


class ExactTopK:
    """The `count` nearest of points that come in parts, for queries (M, D) float32, C-contiguous.

    A matrix product is fast, but its rounding depends on the matrices' shapes. So it only gives candidates: each pair
    within the rounding error bound of the k-th distance is re-scored in float64 with one order of summation; of points
    at the same distance, the lower index is nearer.

    neighbors: (M, count) int64, nearest first. squares: (M, count) float64, squared distances.
    """

    def __init__(self, queries: np.ndarray, count: int, threads: int, metric: str = "euclidean"):
        self.queries, self.count, self.threads, self.metric = queries, count, threads, metric
        self.neighbors, self.squares = empty_topk(len(queries), count)
        self._lengths = row_norms(queries)

    def update(self, points: np.ndarray, numbers: np.ndarray) -> Self:
        """Search more points (N, D) float32, C-contiguous, with the indices `numbers` (N,)."""
        # faiss divides a product among cores; with few values, threads with separate queries are faster.
        n_threads = self.threads if points.shape[1] < MIN_DIM_FOR_BLAS_THREADS else 1
        faiss.omp_set_num_threads(self.threads)
        slack = rounding_error_bound(self._lengths, row_norms(points).max(initial=0), points.shape[1])
        # A few extra candidates usually show that no other point can be among the nearest. If many points are at the
        # same distance, four times as many are searched.
        rows, n_candidates = np.arange(len(self.queries)), min(self.count + EXTRA_CANDIDATES, len(points))
        while len(rows) and n_candidates:
            size = max(min(MAX_CANDIDATE_PAIRS // n_candidates, -(-len(rows) // n_threads)), 1)
            blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
            search = partial(
                self._update_rows, points=points, numbers=numbers, slack=slack, n_candidates=n_candidates
            )
            rows = np.concatenate([*map_threaded(search, blocks, n_threads)])
            n_candidates = min(4 * n_candidates, len(points))
        return self

    def _update_rows(
        self, rows: np.ndarray, points: np.ndarray, numbers: np.ndarray, slack: np.ndarray, n_candidates: int
    ) -> np.ndarray:
        """Update queries by their candidates; return the queries for which other points may be nearer."""
        queries = self.queries if len(rows) == len(self.queries) else self.queries[rows]
        approximate, candidates = faiss.knn(queries, points, n_candidates)
        if (candidates < 0).any():
            raise ValueError(NAN_MESSAGE)
        # Upper bounds of the k-th distance, from earlier points and from these.
        limits = self.squares[rows, -1] + slack[rows]
        if len(points) >= self.count:
            limits = np.minimum(limits, approximate[:, self.count - 1] + 2 * slack[rows])
        decided = (approximate[:, -1] > limits) | (n_candidates == len(points))
        query, column = np.nonzero((approximate <= limits[:, None]) & decided[:, None])
        neighbors, squares = empty_topk(*approximate.shape)
        neighbors[query, column] = numbers[candidates[query, column]]
        squares[query, column] = _pair_squares(queries, points, query, candidates[query, column], self.metric)
        done = rows[decided]
        earlier, new = (self.neighbors[done], self.squares[done]), (neighbors[decided], squares[decided])
        self.neighbors[done], self.squares[done] = merge_topk([earlier, new], self.count)
        return rows[~decided]


def row_norms(points: np.ndarray) -> np.ndarray:
    """Return the length of each vector, (N,) float64, to float32's precision."""
    return np.sqrt(np.einsum("ij,ij->i", points, points).astype(np.float64))


def rounding_error_bound(lengths: np.ndarray, longest: float, n_values: int) -> np.ndarray:
    """Return the largest error of squared distances to points of at most such a length: (M,) float64.

    A sum of n products in float32, in any order, has an error of less than n u / (1 - n u) of the sum of their absolute
    values, with u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). A few more terms bound the
    addition of the three sums.
    """
    error = (n_values + 8) * 2.0**-24
    return error / (1 - error) * np.square(lengths + longest) * (1 + error) + np.finfo(np.float32).tiny


def _pair_squares(
    queries: np.ndarray, points: np.ndarray, query: np.ndarray, point: np.ndarray, metric: str
) -> np.ndarray:
    """Return squared distances of pairs of queries and points, (P,) float64, independent of the other pairs.

    For the cosine they are 2 (1 - cosine), so that vectors at right angles are at exactly the same distance.
    """
    squares, size = np.empty(len(query)), max(PAIR_CHUNK_VALUES // queries.shape[1], 1)
    for start in range(0, len(query), size):
        pairs = slice(start, start + size)
        left, right = queries[query[pairs]].astype(np.float64), points[point[pairs]]
        # NumPy's order of summation along rows depends on their length only.
        if metric == "euclidean":
            left -= right
            np.square(left, out=left).sum(axis=1, out=squares[pairs])
        else:
            # Rounding to float32 has changed the vectors' lengths of 1.
            norms = np.square(left).sum(axis=1) * np.square(right, dtype=np.float64).sum(axis=1)
            squares[pairs] = 2 - 2 * (left * right).sum(axis=1) / np.sqrt(norms)
    return squares


def pairwise_sq_distances(
    queries: np.ndarray, query: np.ndarray, values: np.ndarray, rows: np.ndarray, metric: str
) -> np.ndarray:
    """Return squared distances of pairs of queries (M, D) and rows of mapped values (N, D): (P,) float64."""
    size = max(min(GATHER_ROWS, GATHER_VALUES // queries.shape[1]), 1)
    squares = np.empty(len(query))
    for start in range(0, len(query), size):
        pairs = slice(start, start + size)
        points = to_vectors(values[rows[pairs]], metric)
        squares[pairs] = _pair_squares(queries, points, query[pairs], np.arange(len(points)), metric)
        release_pages(values)
    return squares


def knn(
    points: np.ndarray, queries: np.ndarray, n_neighbors: int, threads: int, metric: str = "euclidean"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest of `points` (N, D) to each of `queries` (M, D), both float32 and C-contiguous.

    Returns indices (M, n_neighbors) int64, nearest first, and squared distances, float64.
    """
    nearest = ExactTopK(queries, n_neighbors, threads, metric).update(points, np.arange(len(points)))
    return nearest.neighbors, nearest.squares


def knn_blocked(
    values: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    query_rows: np.ndarray,
    *,
    metric: str,
    n_neighbors: int,
    threads: int,
    memory_mb: float,
    preparing: Timer | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest `rows` of `values` (N, D) to `query_rows` of `queries` (M, D), within about `memory_mb`.

    Both may be mapped. Returns rows (len(query_rows), n_neighbors) int64 and squared distances. preparing: timer of the
    conversion of `values` to vectors.
    """
    row_bytes = values.shape[1] * np.dtype(np.float32).itemsize
    preparing = preparing or Timer()
    results = []
    for query_block in chunk_rows(query_rows, row_bytes, QUERIES_MEMORY_SHARE * memory_mb):
        nearest = ExactTopK(
            to_vectors(take_rows(queries, query_block), metric, queries=True), n_neighbors, threads, metric
        )
        for block in chunk_rows(rows, row_bytes, POINTS_MEMORY_SHARE * memory_mb, POINT_BLOCK):
            with preparing:
                points = to_vectors(take_rows(values, block), metric)
                release_pages(values)
            nearest.update(points, block)
        results.append((nearest.neighbors, nearest.squares))
    neighbors, squares = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return neighbors, squares


def load_topk(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the neighbours and squared distances of a search from an .npz file."""
    arrays = load_npz(path)
    return arrays["neighbors"], arrays["squares"]


def merge_topk(parts: Iterable[tuple[np.ndarray, np.ndarray]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Merge the `count` nearest among each part of the points into those of all points."""
    # One part at a time, because there may be many.
    return reduce(
        lambda left, right: topk(np.hstack([left[0], right[0]]), np.hstack([left[1], right[1]]), count), parts
    )


def empty_topk(n_queries: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return neighbours MISSING_ID at infinite distance: (n_queries, count) int64 and float64."""
    return np.full((n_queries, count), MISSING_ID), np.full((n_queries, count), np.inf)


def topk(neighbors: np.ndarray, squares: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` nearest of neighbours (M, n) and squared distances, nearest first; of equals, the lower."""
    order = np.lexsort((neighbors, squares))[:, :count]
    return np.take_along_axis(neighbors, order, axis=1), np.take_along_axis(squares, order, axis=1)
