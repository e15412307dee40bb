"""Neighbour search in parts, whose results are exact and do not depend on the number of parts."""

import numpy as np
import pytest

from cifarbench.data.splits import rows_beyond
from cifarbench.io.atomic import save_npz
from cifarbench.io.memmap import chunk_rows
from cifarbench.models.knn import exact as search


def exact(points: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the nearest points, (M, count), by integer arithmetic; ties are in ascending order."""
    apart = queries[:, None].astype(np.int64) - points[None].astype(np.int64)
    return np.argsort(np.square(apart).sum(axis=2), axis=1, kind="stable")[:, :count]


def random_images(random, n):
    return random.integers(0, 256, (n, 48), dtype=np.uint8)


def copies(random, n):
    # Repeat each image forty times, so that ties exceed the additional candidates of a search.
    return np.repeat(random_images(random, n // 40), 40, axis=0)[random.permutation(n // 40 * 40)]


def identical_images(random, n):
    return np.full((n, 48), 7, np.uint8)


def few_distinct_images(random, n):
    return random.integers(0, 2, (n, 48), dtype=np.uint8) * (np.arange(48) < 4).astype(np.uint8)


def one_outlier(random, n):
    # The norm of the outlier makes the rounding error bound larger than the other distances.
    values = random.integers(126, 131, (n, 48), dtype=np.uint8)
    values[n // 2] = 255
    return values


ALL = [random_images, copies, identical_images, few_distinct_images, one_outlier]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("n_parts", [1, 4, 16])
def test_search_in_parts_equals_integer_arithmetic(make, n_parts: int) -> None:
    random = np.random.default_rng(0)
    values, queries = make(random, 800), make(random, 400)[:70]
    points, asked = search.to_vectors(values, "euclidean"), search.to_vectors(queries, "euclidean")
    found = search.ExactTopK(asked, 7, threads=1)
    parts = np.array_split(np.arange(len(points)), n_parts)
    for part in random.permutation(n_parts):
        rows = parts[part]
        found.update(np.ascontiguousarray(points[rows]), rows)
    np.testing.assert_array_equal(found.neighbors, exact(values, queries, 7))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_merged_files_of_parts_equal_one_search(tmp_path, metric: str) -> None:
    random = np.random.default_rng(1)
    # As in practice, features have large offsets and duplicates, and only the rows of a subset are searched.
    values = (random.normal(size=(3000, 65)) + 30).astype(np.float32)
    values[random.permutation(3000)[:500]] = values[0]
    queries = np.concatenate([values[::50], (random.normal(size=(40, 65)) + 30).astype(np.float32)])
    rows = np.flatnonzero(random.random(3000) < 0.7)
    found = {}
    for n_parts, memory_mb in ((1, 1000), (1, 0.1), (4, 1000), (4, 0.3), (16, 1000)):
        paths = [tmp_path / f"{part}.npz" for part in range(n_parts)]
        for path, part in zip(paths, np.array_split(rows, n_parts), strict=True):
            some = search.knn_blocked(
                values,
                part,
                queries,
                np.arange(len(queries)),
                metric=metric,
                n_neighbors=9,
                threads=1,
                memory_mb=memory_mb,
            )
            save_npz(path, neighbors=some[0], squares=some[1])
        neighbors, squares = search.merge_topk(map(search.load_topk, paths), 9)
        found[n_parts, memory_mb] = neighbors.tobytes(), squares.tobytes()
        assert set(neighbors.ravel()) <= set(rows)
    assert len(set(found.values())) == 1


def test_subsets_are_searched_by_extending_smaller_subsets(tmp_path) -> None:
    random = np.random.default_rng(3)
    values, queries = copies(random, 1200), copies(random, 400)[:60]
    order, sizes = random.permutation(len(values)), [150, 300, 600, 1200]
    options = {"metric": "euclidean", "n_neighbors": 9, "threads": 1, "memory_mb": 1000}
    paths = []
    for below, size in zip([0, *sizes], sizes, strict=False):
        first = np.flatnonzero(order < size)
        rest = rows_beyond(below, first, order)
        assert len(rest) == size - below
        paths.append(tmp_path / f"{size}.npz")
        some = search.knn_blocked(values, rest, queries, np.arange(len(queries)), **options)
        save_npz(paths[-1], neighbors=some[0], squares=some[1])
        whole = search.knn_blocked(values, first, queries, np.arange(len(queries)), **options)
        for ours, theirs in zip(search.merge_topk(map(search.load_topk, paths), 9), whole, strict=True):
            assert ours.tobytes() == theirs.tobytes()


def test_blocks_may_have_fewer_points_than_neighbours() -> None:
    random = np.random.default_rng(2)
    values, queries = random_images(random, 10), random_images(random, 5)
    points, asked = (search.to_vectors(one, "euclidean") for one in (values, queries))
    found = search.ExactTopK(asked, 6, threads=1)
    for rows in chunk_rows(np.arange(10), 1, 3e-6):
        assert len(rows) <= 3
        found.update(np.ascontiguousarray(points[rows]), rows)
    np.testing.assert_array_equal(found.neighbors, exact(values, queries, 6))


def test_nan_values_are_refused() -> None:
    points = np.full((50, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        search.knn(points, np.zeros((30, 4), np.float32), 3, threads=1)
