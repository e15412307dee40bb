"""Approximate search against the exact one, and what it says of itself."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifarbench.data.parts import shard_of
from cifarbench.families import FAMILIES
from cifarbench.neighbors import approximate, family, lists, search
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
    with pytest.raises(UserError, match=r"search.method hnsw keeps 2,\d+ points in memory, 0 MB"):
        searched(GRAPH, memory_mb=0.02)


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
def test_threads_and_memory_change_nothing(search: dict) -> None:
    (first, _, _), *_ = searched(search)
    (second, _, _), *_ = searched(search, threads=2, memory_mb=0.5)
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
            some = shard_of(rows, [shard, n_shards], None, n_pieces)
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
        shards = [shard_of(rows, [shard, n_shards], None, n_pieces) for shard in range(n_shards)]
        assert [one for some in shards for one in graphs(some)] == graphs(rows)


def test_a_graph_is_no_larger_than_it_may_be() -> None:
    most = family.MOST_LINKED
    assert [n_indexes(GRAPH, n) for n in (1, most, most + 1, 3 * most, 3 * most + 1)] == [1, 1, 2, 3, 4]
    assert n_indexes(LISTS, 3 * most) == 1


def test_a_search_in_all_lists_finds_all_neighbours_whatever_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_SCORES", 20_000)
    monkeypatch.setattr(lists, "QUERIES", 40)
    values, queries = points(3000, 0), points(90, 1)
    # Copies, more than are wanted; and some lists that have nobody, or fewer than are wanted.
    values[500:1500] = values[:10].repeat(100, axis=0)
    queries[:20] = values[490:510]
    rows = np.arange(3000)
    exact = nearest_rows(
        *(values, rows, queries, np.arange(90)), metric="euclidean", n_neighbors=7, threads=1, memory_mb=1000
    )
    for n_lists in (1, 5, 900):
        params = {"n_neighbors": 7, "metric": "euclidean"}
        params["search"] = {"method": "ivf", "lists": n_lists, "effort": n_lists}
        for threads, memory_mb in ((1, 1000), (2, 0.1)):
            _, squares = approximate.found_rows(
                values, rows, queries, params, threads=threads, memory_mb=memory_mb
            )
            np.testing.assert_array_equal(squares, exact[1])


def test_a_list_gives_no_more_than_are_wanted_where_all_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    monkeypatch.setattr(
        lists, "pair_squares", lambda *given: measured.append(len(given[1])) or search.pair_squares(*given)
    )
    values = np.ones((2000, 8), np.float32)
    params = {"n_neighbors": 5, "metric": "euclidean", "search": {"method": "ivf", "lists": 4, "effort": 4}}
    neighbors, squares = approximate.found_rows(
        values, np.arange(2000), values[:50], params, threads=1, memory_mb=100
    )
    assert (squares == 0).all()
    assert [len(set(row)) for row in neighbors.tolist()] == [5] * 50
    assert 50 * 5 <= measured[0] <= 50 * 5 * 4


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
