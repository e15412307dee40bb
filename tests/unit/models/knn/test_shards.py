"""Neighbours searched in parts: the same bytes for any number of parts, and those of exact arithmetic."""

import numpy as np
import pytest

from cifarbench.data.splits import rows_beyond
from cifarbench.io.atomic import save_npz
from cifarbench.io.memmap import chunk_rows
from cifarbench.models.knn import exact as search


def exact(points: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the nearest by whole numbers, of equal ones the lower first: (M, count)."""
    apart = queries[:, None].astype(np.int64) - points[None].astype(np.int64)
    return np.argsort(np.square(apart).sum(axis=2), axis=1, kind="stable")[:, :count]


def pictures(random, n):
    return random.integers(0, 256, (n, 48), dtype=np.uint8)


def copies(random, n):
    # Each picture forty times, so that a search for a few more than wanted does not see where the copies end.
    return np.repeat(pictures(random, n // 40), 40, axis=0)[random.permutation(n // 40 * 40)]


def all_the_same(random, n):
    return np.full((n, 48), 7, np.uint8)


def in_few_places(random, n):
    return random.integers(0, 2, (n, 48), dtype=np.uint8) * (np.arange(48) < 4).astype(np.uint8)


def one_far_away(random, n):
    # Its length makes whatever the product may be off larger than the distances of the others.
    values = random.integers(126, 131, (n, 48), dtype=np.uint8)
    values[n // 2] = 255
    return values


ALL = [pictures, copies, all_the_same, in_few_places, one_far_away]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("n_parts", [1, 4, 16])
def test_parts_find_what_whole_numbers_say(make, n_parts: int) -> None:
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
def test_files_of_parts_merge_to_the_bytes_of_one_search(tmp_path, metric: str) -> None:
    random = np.random.default_rng(1)
    # Features as they come: large offsets, copies, and rows that a division has chosen.
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


def test_the_first_images_of_an_order_are_fewer_first_ones_and_the_rest(tmp_path) -> None:
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


def test_there_may_be_fewer_points_in_a_block_than_neighbours_are_wanted() -> None:
    random = np.random.default_rng(2)
    values, queries = pictures(random, 10), pictures(random, 5)
    points, asked = (search.to_vectors(one, "euclidean") for one in (values, queries))
    found = search.ExactTopK(asked, 6, threads=1)
    for rows in chunk_rows(np.arange(10), 1, 3e-6):
        assert len(rows) <= 3
        found.update(np.ascontiguousarray(points[rows]), rows)
    np.testing.assert_array_equal(found.neighbors, exact(values, queries, 6))


def test_values_that_are_no_numbers_are_refused() -> None:
    points = np.full((50, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        search.knn(points, np.zeros((30, 4), np.float32), 3, threads=1)
