"""How far a query's last neighbour will be, foretold by its centres: a matter of time, and never of what is found."""

import tracemalloc

import numpy as np
import pytest

from cifarbench.neighbors.approximate import CANDIDATES
from cifarbench.neighbors.lists import Lists
from cifarbench.neighbors.reach import SHARE, Reach
from cifarbench.neighbors.search import nearest_rows

CAN = {"count": 5, "threads": 1, "memory_mb": 100, "folder": None}


def distances(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Squares of distances to 12 centres, and to a last neighbour that is at a half of the first's, about."""
    random = np.random.default_rng(seed)
    centres = np.sort(random.uniform(1, 100, (n, 12)), axis=1).astype(np.float32)
    return centres, centres[:, 0] / 4 * random.lognormal(sigma=0.05, size=n)


def test_as_many_as_are_to_be_are_within_reach() -> None:
    reach = Reach.fit(*distances(5000, 0))
    centres, last = distances(5000, 1)
    within = last <= reach.of(centres)
    assert within.mean() == pytest.approx(SHARE, abs=0.002)
    assert np.median(reach.of(centres) / last) < 1.3


def test_queries_that_lie_on_a_centre_or_on_all_their_neighbours_are_no_ground_for_more() -> None:
    centres, last = distances(500, 0)
    last[:200], last[200:300] = 0, np.inf
    centres[300:320, 0] = 0
    assert np.isfinite(Reach.fit(centres, last).of(centres)).all()


def test_few_queries_foretell_nothing() -> None:
    centres, last = distances(500, 0)
    last[40:] = 0
    assert Reach.fit(centres, last) is None
    assert Reach.fit(centres[:0], last[:0]) is None


def scattered(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)


def asked_for_bounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many queries each call had that looks into the first few lists, from now on."""
    found, bounds = [], Lists._bounds

    def counted(index: Lists, queries: np.ndarray, *how: object) -> np.ndarray:
        found.append(len(queries))
        return bounds(index, queries, *how)

    monkeypatch.setattr(Lists, "_bounds", counted)
    return found


def test_most_queries_are_found_within_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    index = Lists(scattered(4000, 0), np.arange(4000), "euclidean", {"lists": 20, "effort": 6}, **CAN)
    found = asked_for_bounds(monkeypatch)
    index.nearest(scattered(3000, 1))
    assert sum(found) < 100


@pytest.mark.parametrize("factor", [0, 0.5, 1, 2, 1e30, np.inf])
def test_what_is_foretold_changes_nothing_that_is_found(
    factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, queries, rows = scattered(2000, 0), scattered(300, 1), np.arange(0, 2000, 2)
    exact = nearest_rows(
        *(values, rows, queries, np.arange(300)), metric="euclidean", n_neighbors=5, threads=1, memory_mb=100
    )
    index = Lists(values, rows, "euclidean", {"lists": 20, "effort": 20}, **CAN)
    foretold = Reach.of
    monkeypatch.setattr(Reach, "of", lambda *args: foretold(*args) * factor)
    for ours, theirs in zip(index.nearest(queries), exact, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("times", "foretold"), [(1, True), (10, False)])
def test_nothing_is_foretold_where_it_would_let_in_too_many(times: float, foretold: bool) -> None:
    values = scattered(4000, 0)
    values[::2] *= times ** np.random.default_rng(1).random((2000, 1)).astype(np.float32)
    index = Lists(values, np.arange(4000), "euclidean", {"lists": 20, "effort": 6}, **CAN)
    assert bool(index._reach) == foretold


@pytest.mark.parametrize("effort", [1, 3, 12])
@pytest.mark.parametrize("offset", [0, 100])
def test_of_the_lists_that_are_looked_into_the_nearest_are_found(
    effort: int, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, queries = scattered(900, 0) + offset, scattered(60, 1) + offset
    # Copies, more than are wanted; and a tenth of the rows is in no list.
    values[100:300] = values[:10].repeat(20, axis=0)
    queries[:10] = values[100:300:20]
    rows = np.flatnonzero(np.random.default_rng(2).random(900) < 0.9).astype(np.int32)
    index = Lists(values, rows, "euclidean", {"lists": 12, "effort": effort}, **CAN)
    _, asked = index._nearest_centres(queries, effort)
    foretold = Reach.of
    for factor in (0, 1, 3, np.inf):
        monkeypatch.setattr(Reach, "of", lambda *args, factor=factor: foretold(*args) * factor)
        neighbors, squares = index.nearest(queries)
        for query, lists, found, apart in zip(queries, asked, neighbors, squares, strict=True):
            there = np.sort(
                np.concatenate([index.rows[slice(*index.bounds[one : one + 2])] for one in lists])
            )
            exact = np.square(query.astype(float) - values[there]).sum(axis=1)
            order = np.argsort(exact, kind="stable")[:5]
            np.testing.assert_array_equal(found, there[order])
            np.testing.assert_allclose(apart, exact[order], rtol=1e-12)


def test_queries_unlike_all_points_need_no_more_memory_than_others() -> None:
    """What a reach lets in of other queries than it was learned from is bounded."""
    index = Lists(scattered(20000, 0), np.arange(20000), "euclidean", {"lists": 100, "effort": 10}, **CAN)
    queries, learned = scattered(8000, 1), index._reach
    peaks = []
    for factor in (1, 3):
        index._reach = Reach(learned.weights + np.log(factor) * (np.arange(len(learned.weights)) == 4))
        tracemalloc.start()
        index.nearest(queries)
        peaks.append(tracemalloc.get_traced_memory()[1] / len(queries) / index.count)
        tracemalloc.stop()
    assert max(peaks) < CANDIDATES


def test_another_effort_is_learned_anew() -> None:
    index = Lists(scattered(4000, 0), np.arange(4000), "euclidean", {"lists": 20, "effort": 2}, **CAN)
    few, queries = index.nearest(scattered(50, 1)), scattered(50, 1)
    index.effort = 20
    exact = nearest_rows(
        *(scattered(4000, 0), np.arange(4000), queries, np.arange(50)),
        metric="euclidean",
        n_neighbors=5,
        threads=1,
        memory_mb=100,
    )
    np.testing.assert_array_equal(index.nearest(queries)[0], exact[0])
    assert (few[0] != exact[0]).any()
