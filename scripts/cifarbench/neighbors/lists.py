"""Points in lists around centres, of which a search looks into a few: all queries of a list together.

An inverted file (Jégou et al. 2011, doi 10.1109/TPAMI.2010.57). faiss has it, too, and goes through the lists of one
query after the other; a product of a list with all queries that look into it takes a third of the time.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.neighbors.search import (
    MOST_POINTS,
    NO_NUMBERS,
    OF_POINTS,
    lengths_of,
    merged,
    nobody,
    pair_squares,
    points_of,
    sampled,
    slack_of,
)
from cifarbench.study.blas import faiss
from cifarbench.study.blocks import let_go, row_blocks, spilled, take
from cifarbench.study.threads import in_threads

# Points by which a centre is found, and in how many rounds; values in all of them, at most.
EACH_CENTRE, ROUNDS, TRAINED_VALUES = 32, 10, 1 << 25
# Lists that tell, to begin with, how far a neighbour may be.
FIRST = 2
# Pairs that come into question in a list, for each that is wanted, beyond which they are measured at once.
MANY = 4
# Scores that are looked at together, and values of points after which those that were looked at are given back.
MOST_SCORES, SEEN_VALUES = 1 << 20, 1 << 22


class Lists:
    """Rows of mapped pixels or features (N, D), each in the list of its nearest centre, side by side in a file.

    search: `lists`, and `effort`, how many of them a search looks into. folder: of the file, which goes with the lists.
    Raises ValueError if some values are no numbers.
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
        folder: Path | None,
    ):
        self.effort, self.threads = search["effort"], threads
        # Several threads would round otherwise.
        faiss.omp_set_num_threads(1)
        n_values, n_lists = values.shape[1], min(search["lists"], len(rows))
        centres = _centres(values, rows, metric, n_lists)
        # Less their middle, points are told apart that are far from nothing and near to each other.
        self.middle = centres.mean(axis=0)
        self.centres = centres - self.middle
        list_of, self.longest = np.empty(len(rows), np.int32), 0.0
        megabytes = OF_POINTS / 4 * memory_mb
        numbers = np.arange(len(rows), dtype=np.int32)
        for places in row_blocks(numbers, bytes_a_point(n_values), megabytes, MOST_POINTS):
            points = points_of(take(values, rows[places]), metric)
            list_of[places] = self._nearest_centres(points, 1)[:, 0]
            self.longest = max(self.longest, lengths_of(points).max())
            let_go(values)
        order = np.argsort(list_of, kind="stable")
        self.rows = rows[order]
        self.bounds = np.searchsorted(list_of, np.arange(n_lists + 1), sorter=order)
        blocks = row_blocks(self.rows, bytes_a_point(n_values), megabytes, MOST_POINTS)
        self.points = spilled(_scored(values, blocks, metric), folder)

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the nearest in the lists (M, count) int64, nearest first, and squares of distances float64.

        Of all points in the lists that are looked into, these are the nearest; of equals, the lower rows. Where there
        are fewer, NOBODY stands for the others, at infinite distance. queries: (M, D) float32.
        """
        faiss.omp_set_num_threads(self.threads)
        pieces = np.array_split(queries, max(min(self.threads, len(queries)), 1))
        found = in_threads(partial(self._nearest, count=count), pieces, self.threads)
        neighbors, squares = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return neighbors, squares

    def _nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        asked = self._nearest_centres(queries, min(self.effort, len(self.centres)))
        # How far off a score can be, less a limit: |q||p| + |p|^2 / 2 + |limit|, and the limit is a score, too.
        slack = 1.5 * slack_of(lengths_of(queries), self.longest, queries.shape[1] + 2)
        # A few lists bound the distance of the last neighbour.
        n_first = max(FIRST, 2 * count * len(self.centres) // len(self.rows))
        limits = self._limits(queries, asked[:, :n_first], count) - 2 * slack
        (query, place, scores), known = self._candidates(queries, asked, limits, count)

        # As a product only proposes, those are measured that it can't exclude.
        order = np.argsort(-scores)
        order = order[np.argsort(query[order].astype(np.min_scalar_type(len(queries))), kind="stable")]
        starts = np.searchsorted(query[order], np.arange(len(queries) + 1))
        last = np.minimum(starts[:-1] + count, starts[1:]) - 1
        # A query that has found nothing has no last one, and asks for another's.
        near = scores >= (np.append(scores[order], 0)[last] - 2 * slack)[query]
        # List by list, so that points are read where they lie side by side.
        found = self._measured(queries, query[near], place[near], count)
        return merged([found, known], count) if known else found

    def _nearest_centres(self, points: np.ndarray, count: int) -> np.ndarray:
        _, found = faiss.knn(points - self.middle, self.centres, count)
        if (found < 0).any():
            raise ValueError(NO_NUMBERS)
        return found

    def _limits(self, queries: np.ndarray, asked: np.ndarray, count: int) -> np.ndarray:
        """The score of the last of the `count` nearest in some lists (M,), or the lowest that there can be."""
        best = np.full((asked.size, count), -np.inf, np.float32)
        for pairs, _, scores in self._scores(queries, asked, np.zeros(len(queries))):
            here = min(count, scores.shape[1])
            scores.partition(scores.shape[1] - here, axis=1)
            best[pairs, :here] = scores[:, scores.shape[1] - here :]
        best = best.reshape(len(queries), -1)
        best.partition(best.shape[1] - count, axis=1)
        return np.maximum(best[:, -count], -np.square(lengths_of(queries) + self.longest))

    def _candidates(
        self, queries: np.ndarray, asked: np.ndarray, limits: np.ndarray, count: int
    ) -> tuple[list[np.ndarray], tuple[np.ndarray, np.ndarray] | None]:
        """Pairs of queries and points in their lists that reach the queries' limits: their places, and scores (P,).

        Where they are by far more than are wanted, since there are copies or the first lists were short, they are
        measured at once, and the nearest returned apart, if there are any.
        """
        # Half the memory of what else numpy counts with.
        nobody_yet = np.empty(0, np.int32)
        found, known = [(nobody_yet, nobody_yet, np.empty(0, np.float32))], None
        for pairs, start, scores in self._scores(queries, asked, limits):
            query = (pairs // asked.shape[1]).astype(np.int32)
            near = np.flatnonzero(scores >= 0).astype(np.int32)
            one, place = np.divmod(near, scores.shape[1])
            if len(near) <= MANY * count * len(query):
                found.append((query[one], start + place, scores.ravel()[near]))
                continue
            known = known or nobody(len(queries), count)
            more = self._measured(queries[query], one, start + place, count)
            known[0][query], known[1][query] = merged([(known[0][query], known[1][query]), more], count)
        return [np.concatenate(parts) for parts in zip(*found, strict=True)], known

    def _measured(
        self, queries: np.ndarray, query: np.ndarray, place: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of pairs, the nearest `count` of each query: rows and squares, as `nearest` gives them."""
        found, points = self.rows[place], self.points[:, : queries.shape[1]]
        distances = pair_squares(queries, query, points, place, "euclidean")
        # Numbers that are small are sorted sooner.
        order = np.lexsort((found, distances, query.astype(np.min_scalar_type(len(queries)))))
        query, found, distances = query[order], found[order], distances[order]
        rank = np.arange(len(query)) - np.searchsorted(query, np.arange(len(queries)))[query]
        neighbors, squares = nobody(len(queries), count)
        own = query[rank < count], rank[rank < count]
        neighbors[own], squares[own] = found[rank < count], distances[rank < count]
        return neighbors, squares

    def _scores(
        self, queries: np.ndarray, asked: np.ndarray, limits: np.ndarray
    ) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
        """Of each list: its places in `asked` (M, n), flat; where its points begin; how near they are to the queries.

        A score is larger the nearer a point is: half the square of the query's length, less half that of the distance,
        and less the query's limit (M,).
        """
        lists = asked.ravel().astype(np.min_scalar_type(len(self.centres)))
        order = np.argsort(lists, kind="stable")
        bounds = np.searchsorted(lists[order], np.arange(len(self.centres) + 1))
        ones = np.ones(len(queries), np.float32)
        queries = np.column_stack([queries, ones, -limits.astype(np.float32)])
        # A mapped array takes longer to divide.
        seen, all_points = 0, np.asarray(self.points)
        for one in np.flatnonzero((np.diff(bounds) > 0) & (np.diff(self.bounds) > 0)):
            pairs, own = order[bounds[one] : bounds[one + 1]], slice(*self.bounds[one : one + 2])
            points = all_points[own]
            # Few lists are long, and many look into them.
            size = max(MOST_SCORES // len(points), 1)
            for some in (pairs[start : start + size] for start in range(0, len(pairs), size)):
                yield some, int(own.start), queries.take(some // asked.shape[1], axis=0) @ points.T
            seen += points.size
            if seen > SEEN_VALUES:
                let_go(self.points)
                seen = 0


def _centres(values: np.ndarray, rows: np.ndarray, metric: str, n_lists: int) -> np.ndarray:
    """Of so many lists, (n_lists, D) float32: means of some points, as k-means finds them."""
    few = max(min(n_lists * EACH_CENTRE, TRAINED_VALUES // values.shape[1]), n_lists)
    points = sampled(values, rows, few, metric)
    if not np.isfinite(points).all():
        raise ValueError(NO_NUMBERS)
    kmeans = faiss.Kmeans(points.shape[1], n_lists, niter=ROUNDS, seed=0, min_points_per_centroid=1)
    kmeans.train(points)
    return kmeans.centroids.copy()


def _scored(values: np.ndarray, blocks: Iterable[np.ndarray], metric: str) -> Iterator[np.ndarray]:
    """Points of some rows, less half their squares, and ones (n, D + 2).

    Multiplied with queries, ones and less their limits, they are scores.
    """
    for rows in blocks:
        points = points_of(values[rows], metric)
        let_go(values)
        halves = np.einsum("ij,ij->i", points, points) / -2
        yield np.column_stack([points, halves, np.ones(len(points), points.dtype)])


def bytes_a_point(n_values: int) -> int:
    """What the file of lists keeps of a point."""
    return (n_values + 2) * np.dtype(np.float32).itemsize
