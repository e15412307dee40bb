"""Approximate search, compared with exact search, and its recall."""

import numpy as np
import pytest

from cifarbench.errors import UserError
from cifarbench.families import FAMILIES
from cifarbench.models.knn import ann as approximate
from cifarbench.models.knn.ann import IVFIndex
from cifarbench.models.knn.exact import knn_blocked
from cifarbench.planning.model_family import DataShape

ANN = {"nlist": 20, "nprobe": 6}


def points(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)


def search(values, rows, queries, ann=ANN, metric="euclidean", n_neighbors=10, threads=1, memory_mb=1000.0):
    params = {"ann": ann, "metric": metric, "n_neighbors": n_neighbors}
    return approximate.knn_search(values, rows, queries, params, threads=threads, memory_mb=memory_mb)


def exact_search(values, rows, queries, metric="euclidean", n_neighbors=10):
    return knn_blocked(
        *(values, rows, queries, np.arange(len(queries))),
        **{"metric": metric, "n_neighbors": n_neighbors, "threads": 1, "memory_mb": 1000},
    )


def assert_same(found, expected) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def search_and_measure(ann: dict, metric: str = "euclidean"):
    values, queries = points(3000, 0), points(200, 1)
    # A subset of rows, so that positions in the index differ from rows.
    rows = np.flatnonzero(np.random.default_rng(2).random(3000) < 0.8)
    params = {"n_neighbors": 10, "metric": metric, "ann": ann}
    options = {"threads": 1, "memory_mb": 1000}
    neighbors, squares = approximate.knn_search(values, rows, queries, params, **options)
    record = approximate.measure_recall_and_qps(
        "m", neighbors, values, rows, queries, params, seconds=4, **options
    )
    return neighbors, squares, record, values, rows, queries


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_recall_is_the_share_of_exact_neighbours(metric: str) -> None:
    neighbors, _, record, values, rows, queries = search_and_measure(ANN, metric)
    exact, _ = exact_search(values, rows, queries, metric)
    shared = np.mean([len(set(found) & set(true)) / 10 for found, true in zip(neighbors, exact, strict=True)])
    assert record["recall"] == pytest.approx(shared)
    assert 0.85 < record["recall"] < 1
    assert record | ANN | {"sample": 200, "queries_per_second": 50} == record


def test_fewer_probes_have_a_lower_recall() -> None:
    recalls = [search_and_measure(ANN | {"nprobe": nprobe})[2]["recall"] for nprobe in (3, 20)]
    assert recalls[0] < 0.9 < recalls[1] == 1


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize(
    ("offset", "spread"), [(0, 1), (10, 0.01), (100, 0.1), (1000, 0.1), (0, 0)], ids=lambda value: str(value)
)
def test_searching_all_lists_equals_exact_search(
    offset: float, spread: float, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"MAX_QUERIES": 30, "ASSIGNED_POINTS": 100, "NEIGHBOR_BYTES": 1}.items():
        monkeypatch.setattr(approximate, name, value)
    values, queries = (offset + spread * points(n, seed) for n, seed in ((600, 0), (50, 1)))
    # More copies than neighbours.
    values[100:300] = values[:5].repeat(40, axis=0)
    queries[:20] = values[90:110]
    rows = np.flatnonzero(np.random.default_rng(2).random(600) < 0.8)
    for n_neighbors in (7, 100):
        exact = exact_search(values, rows, queries, metric, n_neighbors)
        # Some lists have fewer points than neighbours or none, and 1000 lists exceed the number of points.
        for nlist in (1, 5, 1000):
            # 0.05 MB force the lists to be filled one block at a time.
            for memory_mb in (1000, 0.05):
                ann = {"nlist": nlist, "nprobe": nlist}
                found = search(values, rows, queries, ann, metric, n_neighbors, memory_mb=memory_mb)
                assert_same(found, exact)


@pytest.mark.parametrize("nprobe", [1, 3, 12])
@pytest.mark.parametrize("offset", [0, 100])
def test_the_nearest_of_the_probed_lists_are_found(nprobe: int, offset: float) -> None:
    values, queries = points(900, 0) + np.float32(offset), points(60, 1) + np.float32(offset)
    # More copies than neighbours.
    values[100:300] = values[:10].repeat(20, axis=0)
    queries[:10] = values[100:300:20]
    rows = np.flatnonzero(np.random.default_rng(2).random(900) < 0.9).astype(np.int32)
    index = IVFIndex(values, rows, "euclidean", {"nlist": 12, "nprobe": nprobe}, threads=1)
    index.add(index.blocks)
    _, nearest_list = index.index.quantizer.search(values[rows] - index.center, 1)
    _, probed = index.index.quantizer.search(queries - index.center, nprobe)
    found = zip(queries, probed, *index.search(queries, 5, memory_mb=100), strict=True)
    for query, lists, neighbors, squares in found:
        there = rows[np.isin(nearest_list[:, 0], lists)]
        exact = np.square(query.astype(float) - values[there]).sum(axis=1)
        order = np.argsort(exact, kind="stable")[:5]
        np.testing.assert_array_equal(neighbors, there[order])
        np.testing.assert_allclose(squares, exact[order], rtol=1e-12)


@pytest.mark.parametrize("offset", [0, 100])
def test_results_do_not_depend_on_threads_and_memory(offset: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rounding errors of matrix products depend on their shape, and grow with the length of the vectors.
    values, queries = points(4000, 0) + np.float32(offset), points(3000, 1) + np.float32(offset)
    values[1000:2000] = values[0]
    queries[::7] = values[0]
    found = [
        search(
            values, np.arange(4000), queries, {"nlist": 50, "nprobe": 3}, threads=threads, memory_mb=memory_mb
        )
        for threads, memory_mb in ((1, 1000), (7, 1000), (1, 0.3))
    ]
    assert_same(found[1], found[0])
    assert_same(found[2], found[0])


def test_searching_pixels_in_all_lists_equals_exact_search() -> None:
    values = np.random.default_rng(0).integers(0, 256, (500, 300), np.uint8)
    rows, ann = np.arange(400), {"nlist": 6, "nprobe": 6}
    for metric in ("euclidean", "cosine"):
        found = search(values, rows, values[400:], ann, metric)
        assert_same(found, exact_search(values, rows, values[400:], metric))


@pytest.mark.parametrize("place", ["point", "query"])
def test_values_that_are_not_finite_are_reported_as_by_an_exact_search(place: str) -> None:
    values, queries = points(3000, 0), points(20, 1)
    (values if place == "point" else queries)[7, 3] = np.nan
    with pytest.raises(ValueError, match="some distances between images are not finite"):
        search(values, np.arange(3000), queries)


def test_nothing_is_printed(capfd: pytest.CaptureFixture) -> None:
    search(points(300, 0), np.arange(300), points(20, 1))
    assert capfd.readouterr() == ("", "")


def test_a_search_that_finds_too_few_neighbours_is_refused() -> None:
    with pytest.raises(UserError, match=r"m: some images have fewer .*; a larger ann\.nprobe finds them\."):
        search_and_measure({"nlist": 1000, "nprobe": 1})


def test_more_lists_than_images_are_refused() -> None:
    entry = {"n_neighbors": 5, "ann": {"nlist": 101, "nprobe": 3}}
    assert [*FAMILIES["knn"].check_data("models.a", entry, DataShape(100, 10, (3, 4, 4), 48))] == [
        "models.a.ann.nlist is 101; it must be at most 100, the number of training images."
    ]
