"""Approximate search against the exact one, and what it says of itself."""

import numpy as np
import pytest

from cifarbench.families import FAMILIES
from cifarbench.neighbors import approximate
from cifarbench.neighbors.search import nearest_rows
from cifarbench.study.cost import Stopwatch
from cifarbench.study.errors import UserError
from cifarbench.study.family import Setting

SEARCHES = [
    {"method": "hnsw", "links": 16, "build_effort": 80, "effort": 64},
    {"method": "ivf", "lists": 20, "effort": 6},
]


def points(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)


def searched(search: dict, threads: int = 1, memory_mb: float = 1000, metric: str = "euclidean"):
    values, queries = points(3000, 0), points(200, 1)
    # Of all rows, some, so that places among the points are no rows.
    rows = np.flatnonzero(np.random.default_rng(2).random(3000) < 0.8)
    params = {"n_neighbors": 10, "metric": metric, "search": search}
    found = approximate.approximate_rows(
        *(values, rows, queries, params), threads=threads, memory_mb=memory_mb, preparing=Stopwatch()
    )
    exact, _ = nearest_rows(
        *(values, rows, queries, np.arange(200)), metric=metric, n_neighbors=10, threads=1, memory_mb=1000
    )
    return found, exact, rows


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


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
def test_an_index_larger_than_its_memory_ends_in_a_sentence(search: dict) -> None:
    with pytest.raises(UserError, match=f"search.method {search['method']} keeps all points in memory, 0 MB"):
        searched(search, memory_mb=0.02)


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search["method"])
def test_threads_and_memory_change_nothing(search: dict) -> None:
    (first, _, _), *_ = searched(search)
    (second, _, _), *_ = searched(search, threads=2, memory_mb=0.5)
    np.testing.assert_array_equal(first, second)


def test_a_search_that_finds_too_few_says_so() -> None:
    with pytest.raises(ValueError, match=r"a larger search\.effort"):
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
