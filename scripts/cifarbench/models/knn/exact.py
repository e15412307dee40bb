"""k nearest neighbours by exact search: the same, whatever parts of the points are searched and by how many jobs."""

from collections.abc import Iterable
from functools import partial, reduce
from pathlib import Path
from typing import Self

import numpy as np

from cifarbench.features.covariance import center
from cifarbench.io.atomic import load_npz, save_npz
from cifarbench.io.memmap import chunk_rows, release_pages, take_rows
from cifarbench.runtime.faiss_setup import faiss
from cifarbench.runtime.threads import map_threaded
from cifarbench.runtime.timing import Timer

# In place of a point that is not there: after all others.
MISSING_ID = np.iinfo(np.int64).max
NAN_MESSAGE = "some distances between images are no numbers"
EXTRA_CANDIDATES = 10
# Proposals that are looked at together, and values of pairs that are measured together: they fit into the cache.
MAX_CANDIDATE_PAIRS = 1 << 22
PAIR_CHUNK_VALUES = 1 << 16
# Values of a point from which on a single product keeps several cores busy.
MIN_DIM_FOR_BLAS_THREADS = 1024
# Points that are looked up one by one, each on a page of its own, and values of them.
GATHER_ROWS, GATHER_VALUES = 1 << 13, 1 << 22
# Shares of a job's memory that points and queries may take, as float32.
POINTS_MEMORY_SHARE, QUERIES_MEMORY_SHARE = 0.4, 0.15
# Points that are looked at together: more take twice as long in the library, and memory would grow with their number.
POINT_BLOCK = 25_000


def to_vectors(values: np.ndarray, metric: str, queries: bool = False) -> np.ndarray:
    """Return pixels uint8 or features (N, D) as float32 vectors whose nearest by Euclidean distance are sought.

    For the cosine, vectors (N, D + 2) have unit length, so that their squared distance is 2 (1 - cosine). A zero vector
    has no direction: as in scikit-learn its distance to every vector, zero or not, is 1. So it becomes a unit vector
    along an axis of its own, one for points and one for queries.
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
    """At most `count` of some rows of mapped pixels or features, at random, but each time the same, as points."""
    chosen = np.random.default_rng(0).choice(len(rows), min(count, len(rows)), replace=False)
    return to_vectors(values[rows[np.sort(chosen)]], metric)


class ExactTopK:
    """The `count` nearest of points that come in parts, to each of some queries (M, D) float32, C-contiguous.

    A product of matrices is fast, but rounds by the shapes of the matrices. So it only proposes: each pair that may be
    among the nearest, for all that the product can be off, is measured by itself, in float64 and one order of
    summation; and of points at one distance, that of the lower number is the nearer. What is found depends on the
    points alone, and not on their parts or on the order in which these come.

    neighbors: (M, count) int64, the points' numbers, nearest first. squares: (M, count) float64, of their distances.
    """

    def __init__(self, queries: np.ndarray, count: int, threads: int, metric: str = "euclidean"):
        self.queries, self.count, self.threads, self.metric = queries, count, threads, metric
        self.neighbors, self.squares = empty_topk(len(queries), count)
        self._lengths = row_norms(queries)

    def update(self, points: np.ndarray, numbers: np.ndarray) -> Self:
        """Look among more points (N, D) float32, C-contiguous, of these numbers (N,)."""
        # The library shares a product among cores; where values are few, threads do better, each with its own queries.
        apart = self.threads if points.shape[1] < MIN_DIM_FOR_BLAS_THREADS else 1
        faiss.omp_set_num_threads(self.threads)
        slack = rounding_error_bound(self._lengths, row_norms(points).max(initial=0), points.shape[1])
        # A few more than wanted tell, most often, that nobody else comes into question; where points are many at one
        # distance they do not, and more are asked for.
        rows, asked = np.arange(len(self.queries)), min(self.count + EXTRA_CANDIDATES, len(points))
        while len(rows) and asked:
            size = max(min(MAX_CANDIDATE_PAIRS // asked, -(-len(rows) // apart)), 1)
            pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
            look = partial(self._add, points=points, numbers=numbers, slack=slack, asked=asked)
            rows = np.concatenate([*map_threaded(look, pieces, apart)])
            asked = min(4 * asked, len(points))
        return self

    def _add(
        self, rows: np.ndarray, points: np.ndarray, numbers: np.ndarray, slack: np.ndarray, asked: int
    ) -> np.ndarray:
        """Take in the nearest of the `asked` points that are proposed to each of some queries.

        Returns the queries for which a point that was not proposed may be among them.
        """
        queries = self.queries if len(rows) == len(self.queries) else self.queries[rows]
        about, proposed = faiss.knn(queries, points, asked)
        if (proposed < 0).any():
            raise ValueError(NAN_MESSAGE)
        # Whoever is nearer than so many others, or than those that are known already.
        limits = self.squares[rows, -1] + slack[rows]
        if len(points) >= self.count:
            limits = np.minimum(limits, about[:, self.count - 1] + 2 * slack[rows])
        decided = (about[:, -1] > limits) | (asked == len(points))
        query, place = np.nonzero((about <= limits[:, None]) & decided[:, None])
        found = np.full(about.shape, np.inf), np.full(about.shape, MISSING_ID)
        found[0][query, place] = _pair_squares(queries, points, query, proposed[query, place], self.metric)
        found[1][query, place] = numbers[proposed[query, place]]
        own = rows[decided]
        known, more = (self.neighbors[own], self.squares[own]), (found[1][decided], found[0][decided])
        self.neighbors[own], self.squares[own] = merge_topk([known, more], self.count)
        return rows[~decided]


def row_norms(points: np.ndarray) -> np.ndarray:
    """Length of each point, (N,) float64, to float32's precision."""
    return np.sqrt(np.einsum("ij,ij->i", points, points).astype(np.float64))


def rounding_error_bound(lengths: np.ndarray, longest: float, n_values: int) -> np.ndarray:
    """How far off the squares of distances to points, of at most such a length, may be: (M,) float64.

    A sum of n products in float32, in whatever order, is off by less than n u / (1 - n u) of the sum of their
    absolute values, with u of 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). A few more stand for
    putting the three sums together.
    """
    off = (n_values + 8) * 2.0**-24
    return off / (1 - off) * np.square(lengths + longest) * (1 + off) + np.finfo(np.float32).tiny


def _pair_squares(
    queries: np.ndarray, points: np.ndarray, query: np.ndarray, point: np.ndarray, metric: str
) -> np.ndarray:
    """Return squared distances of pairs of queries and points, (P,) float64: of each pair the same in any company.

    For the cosine they are 2 (1 - cosine), so that vectors at right angles are at exactly the same distance.
    """
    squares, size = np.empty(len(query)), max(PAIR_CHUNK_VALUES // queries.shape[1], 1)
    for start in range(0, len(query), size):
        pairs = slice(start, start + size)
        left, right = queries[query[pairs]].astype(np.float64), points[point[pairs]]
        # Along rows, numpy adds by a rule that depends on nothing but their length.
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
    """The same of queries (M, D), at some places, and rows of mapped pixels or features (N, D): (P,) float64."""
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
    """Search `points` (N, D) for those nearest to each of `queries` (M, D) by Euclidean distance.

    Both float32 and C-contiguous. Returns their indices (M, n_neighbors) int64, nearest first, and the squares of
    their distances, float64.
    """
    found = ExactTopK(queries, n_neighbors, threads, metric).update(points, np.arange(len(points)))
    return found.neighbors, found.squares


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
    """The same among some rows of mapped pixels or features, for rows of others, within about `memory_mb`.

    values: (N, D). queries: (M, D). Returns rows of `values` (len(query_rows), n_neighbors) int64 and the squares.
    preparing: counts what it takes to make points of `values`.
    """
    row_bytes = values.shape[1] * np.dtype(np.float32).itemsize
    preparing = preparing or Timer()
    found = []
    for some in chunk_rows(query_rows, row_bytes, QUERIES_MEMORY_SHARE * memory_mb):
        among = ExactTopK(
            to_vectors(take_rows(queries, some), metric, queries=True), n_neighbors, threads, metric
        )
        for block in chunk_rows(rows, row_bytes, POINTS_MEMORY_SHARE * memory_mb, POINT_BLOCK):
            with preparing:
                points = to_vectors(take_rows(values, block), metric)
                release_pages(values)
            among.update(points, block)
        found.append((among.neighbors, among.squares))
    neighbors, squares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return neighbors, squares


def save_topk(path: Path, neighbors: np.ndarray, squares: np.ndarray) -> None:
    """Write what a search has found."""
    save_npz(path, neighbors=neighbors, squares=squares)


def load_topk(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same, read again."""
    found = load_npz(path)
    return found["neighbors"], found["squares"]


def merge_topk(found: Iterable[tuple[np.ndarray, np.ndarray]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """What a search of all points would have found, from the `count` nearest among each of their parts."""
    # One at a time: there may be many.
    return reduce(
        lambda some, more: topk(
            *(np.concatenate(both, axis=1) for both in zip(some, more, strict=True)), count
        ),
        found,
    )


def empty_topk(n_queries: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What a search has found before it begins."""
    return np.full((n_queries, count), MISSING_ID), np.full((n_queries, count), np.inf)


def topk(neighbors: np.ndarray, squares: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` nearest of some neighbours (M, n) and squares of distances, nearest first; of equals, the lower."""
    order = np.lexsort((neighbors, squares))[:, :count]
    return np.take_along_axis(neighbors, order, axis=1), np.take_along_axis(squares, order, axis=1)
