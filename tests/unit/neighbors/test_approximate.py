"""Approximate search against the exact one, and what it says of itself."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifarbench.data.parts import rows_of_shard
from cifarbench.families import FAMILIES
from cifarbench.neighbors import approximate, family, lists
from cifarbench.neighbors.family import n_indexes
from cifarbench.neighbors.search import merged, nearest_rows, read_neighbors, write_neighbors
from cifarbench.study.errors import UserError
from cifarbench.study.family import Setting

GRAPH = {"method": "hnsw", "links": 16, "build_effort": 80, "effort": 64}
LISTS = {"method": "ivf", "lists": 20, "effort": 6}
SEARCHES = [GRAPH, LISTS]


def points(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)


def searched(search: dict, threads: int = 1, memory_mb: float = 1000, metric: str = "euclidean"):
    values, queries = points(3000, 0), points(200, 1)
    # Of all rows, some, so that places among the points are no rows.
    rows = np.flatnonzero(np.random.default_rng(2).random(3000) < 0.8)
    params, can = {"n_neighbors": 10, "metric": metric, "search": search}, {"memory_mb": memory_mb}
    neighbors, squares = approximate.found_rows(values, rows, queries, params, threads=threads, **can)
    how = approximate.judged("m", neighbors, values, rows, queries, params, seconds=4, threads=1, **can)
    exact, _ = nearest_rows(
        *(values, rows, queries, np.arange(200)), metric=metric, n_neighbors=10, threads=1, memory_mb=1000
    )
    return (neighbors, squares, how), exact, rows


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_recall_is_the_share_of_exact_neighbours(search: dict, metric: str) -> None:
    (neighbors, squares, how), exact, rows = searched(search, metric=metric)
    assert set(neighbors.ravel()) <= set(rows)
    assert (np.diff(squares, axis=1) >= 0).all()
    shared = np.mean([len(set(found) & set(true)) / 10 for found, true in zip(neighbors, exact, strict=True)])
    assert how["recall"] == pytest.approx(shared)
    assert 0.85 < how["recall"] <= 1
    assert how["sample"] == 200
    assert how["queries_per_second"] == 50
    assert how | search == how


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
def test_less_effort_finds_fewer(search: dict) -> None:
    recalls = [searched(search | {"effort": effort})[0][2]["recall"] for effort in (3, 20)]
    assert recalls[0] < 0.9 < recalls[1]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_distances_are_those_of_the_values_and_not_of_their_bytes(search: dict, metric: str) -> None:
    (neighbors, squares, _), *_ = searched(search, metric=metric)
    values, queries = points(3000, 0).astype(float), points(200, 1).astype(float)
    if metric == "cosine":
        values, queries = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (values, queries))
    apart = ((values[neighbors] - queries[:, None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squares, apart, rtol=1e-5, atol=1e-6)


def test_a_graph_larger_than_its_memory_ends_in_a_sentence() -> None:
    with pytest.raises(
        UserError, match=r"search.method hnsw keeps 2,\d+ points in memory, for which it needs 1 MB"
    ):
        searched(GRAPH, memory_mb=0.02)


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
def test_threads_and_memory_change_nothing(search: dict) -> None:
    (first, _, _), *_ = searched(search)
    (second, _, _), *_ = searched(search, threads=2, memory_mb=2)
    np.testing.assert_array_equal(first, second)


def test_shards_of_several_graphs_find_the_same_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "MOST_LINKED", 700)
    (neighbors, squares, how), *_, rows = searched(GRAPH)
    assert how["recall"] > 0.95
    params, n_pieces = (
        {"n_neighbors": 10, "metric": "euclidean", "search": GRAPH},
        n_indexes(GRAPH, len(rows)),
    )
    assert n_pieces == 4
    for n_shards in (2, 3, 7):
        paths = [tmp_path / f"{shard}_of_{n_shards}.npz" for shard in range(n_shards)]
        for shard, path in enumerate(paths):
            some = rows_of_shard(rows, [shard, n_shards], None, n_pieces)
            found = approximate.found_rows(
                points(3000, 0), some, points(200, 1), params, threads=1, memory_mb=9
            )
            write_neighbors(path, *found)
        for ours, theirs in zip(merged(map(read_neighbors, paths), 10), (neighbors, squares), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@given(n_rows=st.integers(1, 3000), most=st.integers(1, 400), n_shards=st.integers(1, 20))
def test_a_shard_has_the_graphs_that_it_would_have_among_all(n_rows: int, most: int, n_shards: int) -> None:
    def graphs(rows: np.ndarray) -> list[list[int]]:
        some = np.array_split(rows, n_indexes(GRAPH, len(rows))) if len(rows) else []
        return [one.tolist() for one in some]

    with mock.patch.object(family, "MOST_LINKED", most):
        rows = np.arange(n_rows)
        n_pieces = n_indexes(GRAPH, n_rows)
        shards = [rows_of_shard(rows, [shard, n_shards], None, n_pieces) for shard in range(n_shards)]
        assert [one for some in shards for one in graphs(some)] == graphs(rows)


def test_a_graph_is_no_larger_than_it_may_be() -> None:
    most = family.MOST_LINKED
    assert [n_indexes(GRAPH, n) for n in (1, most, most + 1, 3 * most, 3 * most + 1)] == [1, 1, 2, 3, 4]
    assert n_indexes(LISTS, 3 * most) == 1


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize(
    ("offset", "spread"), [(0, 1), (10, 0.01), (100, 0.1), (1000, 0.1), (0, 0)], ids=lambda value: str(value)
)
def test_a_search_in_all_lists_finds_what_an_exact_one_finds(
    offset: float, spread: float, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_SCORES", 3000)
    monkeypatch.setattr(approximate, "MOST_QUERIES", 30)
    values, queries = (offset + spread * points(n, seed) for n, seed in ((600, 0), (50, 1)))
    # Copies, more than are wanted.
    values[100:300] = values[:5].repeat(40, axis=0)
    queries[:20] = values[90:110]
    rows = np.flatnonzero(np.random.default_rng(2).random(600) < 0.8)
    for n_neighbors in (7, 100):
        options = {"metric": metric, "n_neighbors": n_neighbors}
        exact = nearest_rows(values, rows, queries, np.arange(50), **options, threads=1, memory_mb=1000)
        # Some lists have nobody, or fewer than are wanted; and more are asked for than there are points.
        for n_lists in (1, 5, 200, 1000):
            search = {"method": "ivf", "lists": n_lists, "effort": n_lists}
            for threads, memory_mb in ((1, 1000), (3, 1)):
                found = approximate.approximate_rows(
                    values, rows, queries, search=search, **options, threads=threads, memory_mb=memory_mb
                )
                np.testing.assert_array_equal(found[1], exact[1])
                np.testing.assert_array_equal(found[0], exact[0])


@pytest.mark.parametrize("effort", [1, 3, 12])
@pytest.mark.parametrize("offset", [0, 100])
def test_of_the_lists_that_are_looked_into_the_nearest_are_found(effort: int, offset: float) -> None:
    values, queries = points(900, 0) + offset, points(60, 1) + offset
    # Copies, more than are wanted; and a tenth of the rows is in no list.
    values[100:300] = values[:10].repeat(20, axis=0)
    queries[:10] = values[100:300:20]
    rows = np.flatnonzero(np.random.default_rng(2).random(900) < 0.9).astype(np.int32)
    search, can = {"lists": 12, "effort": effort}, {"threads": 1, "memory_mb": 100, "folder": None}
    index = lists.Lists(values, rows, "euclidean", search, **can)
    asked = index._nearest_centres(queries, effort)
    for query, of_query, found, apart in zip(queries, asked, *index.nearest(queries, 5), strict=True):
        there = np.sort(np.concatenate([index.rows[slice(*index.bounds[one : one + 2])] for one in of_query]))
        exact = np.square(query.astype(float) - values[there]).sum(axis=1)
        order = np.argsort(exact, kind="stable")[:5]
        np.testing.assert_array_equal(found, there[order])
        np.testing.assert_allclose(apart, exact[order], rtol=1e-12)


def test_far_from_nothing_batches_of_queries_look_into_the_same_lists() -> None:
    # A product rounds by its shape, and the more the longer the vectors are.
    values, queries = points(4000, 0) + np.float32(100), points(3000, 1) + np.float32(100)
    search, can = {"lists": 50, "effort": 3}, {"threads": 1, "memory_mb": 10, "folder": None}
    index = lists.Lists(values, np.arange(4000), "euclidean", search, **can)
    together, _ = index.nearest(queries, 5)
    apart = [index.nearest(some, 5)[0] for some in np.array_split(queries, 300)]
    np.testing.assert_array_equal(together, np.concatenate(apart))


def test_lists_of_pixels_are_searched_as_pixels_are() -> None:
    values = np.random.default_rng(0).integers(0, 256, (500, 300), np.uint8)
    rows, options = np.arange(400), {"n_neighbors": 9, "threads": 1, "memory_mb": 100}
    search = {"method": "ivf", "lists": 6, "effort": 6}
    for metric in ("euclidean", "cosine"):
        found = approximate.approximate_rows(
            values, rows, values[400:], search=search, metric=metric, **options
        )
        exact = nearest_rows(values, rows, values, np.arange(400, 500), metric=metric, **options)
        for ours, theirs in zip(found, exact, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_copies_in_great_number_are_the_same_whatever_the_threads() -> None:
    values, queries = points(3000, 0), points(400, 1)
    values[1000:2000] = values[0]
    queries[::7] = values[0]
    found = [
        approximate.approximate_rows(
            *(values, np.arange(3000), queries),
            search={"method": "ivf", "lists": 5, "effort": 2},
            **{"metric": "euclidean", "n_neighbors": 10, "threads": threads, "memory_mb": 1000},
        )
        for threads in (1, 7)
    ]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("place", ["point", "query"])
def test_values_that_are_no_numbers_are_told_as_an_exact_search_tells_them(place: str) -> None:
    values, queries = points(3000, 0), points(20, 1)
    (values if place == "point" else queries)[7, 3] = np.nan
    params = {"n_neighbors": 5, "metric": "euclidean", "search": LISTS}
    with pytest.raises(ValueError, match="some distances between images are no numbers"):
        approximate.found_rows(values, np.arange(3000), queries, params, threads=1, memory_mb=1000)


def test_a_graph_is_the_same_whatever_the_memory() -> None:
    params = {"n_neighbors": 5, "metric": "euclidean"}
    params["search"] = {"method": "hnsw", "links": 8, "build_effort": 20, "effort": 10}
    values, queries = (np.tile(points(n, seed), 20) for n, seed in ((6000, 0), (100, 1)))
    first, second = (
        approximate.found_rows(values, np.arange(6000), queries, params, threads=1, memory_mb=memory_mb)
        for memory_mb in (5, 1000)
    )
    np.testing.assert_array_equal(first[0], second[0])


def test_a_search_that_finds_too_few_says_so() -> None:
    with pytest.raises(
        UserError, match=r"m: some images have fewer .*; a larger search\.effort finds them\."
    ):
        searched({"method": "ivf", "lists": 1000, "effort": 1})


def test_more_lists_than_images_are_refused() -> None:
    entry = {"n_neighbors": 5, "search": {"method": "ivf", "lists": 101}}
    setting = Setting(100, 10, (3, 4, 4), 48)
    assert [*FAMILIES["knn"].impossible("models.a", entry, setting)] == [
        "models.a.search.lists is 101; it must be at most 100, the number of training images."
    ]


def test_the_lists_that_there_are_unless_told_are_too_many_for_few_images() -> None:
    entry = {"n_neighbors": 5, "search": {"method": "ivf"}}
    (sentence,) = FAMILIES["knn"].impossible("models.a", entry, Setting(100, 10, (3, 4, 4), 48))
    assert sentence == "models.a.search.lists is 1024; it must be at most 100, the number of training images."
