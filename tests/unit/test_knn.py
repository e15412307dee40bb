"""Neighbours against float64 brute force, on data made to break float32."""

import numpy as np
import pytest

from cifarbench import knn
from cifarbench.moments import centred


def exact_distances(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (M, N) in float64, by differences and not by products."""
    differences = queries[:, None, :].astype(np.float64) - points[None, :, :].astype(np.float64)
    return (differences**2).sum(axis=2)


def random_pictures(random, n):
    return random.integers(0, 256, (n, 48), dtype=np.uint8)


def duplicates(random, n):
    return np.repeat(random_pictures(random, n // 5), 5, axis=0)


def equal_distances(random, n):
    # Each picture differs from black in one pixel, by the same amount.
    pictures = np.zeros((n, 48), np.uint8)
    pictures[np.arange(n), random.integers(0, 48, n)] = 200
    return pictures


def large_offsets(random, n):
    return random.integers(250, 256, (n, 48), dtype=np.uint8)


@pytest.mark.parametrize("make", [random_pictures, duplicates, equal_distances, large_offsets])
def test_neighbours_are_those_of_float64_brute_force(make) -> None:
    random = np.random.default_rng(1)
    points, queries = make(random, 300), make(random, 60)
    classifier = knn.fit(centred(points), random.integers(0, 10, 300), 7, threads=1)
    neighbors = classifier.kneighbors(centred(queries), return_distance=False)
    exact = exact_distances(queries, points)
    found = np.take_along_axis(exact, neighbors, axis=1)
    # Of equally distant pictures any may be named: the distances must agree exactly, pixels being whole numbers.
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(exact, axis=1)[:, :7])
    assert all(len(set(row)) == 7 for row in neighbors)


def test_shares_of_neighbours_sum_to_one_and_know_absent_classes() -> None:
    random = np.random.default_rng(2)
    points, labels = random_pictures(random, 100), random.choice([1, 4], 100)
    classifier = knn.fit(centred(points), labels, 5, threads=1)
    queries = centred(random_pictures(random, 20))
    proba = knn.predict_proba(classifier, queries, n_classes=6)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert not proba[:, [0, 2, 3, 5]].any()
    np.testing.assert_array_equal(proba.argmax(axis=1), classifier.predict(queries))


def test_one_search_scores_every_smaller_number_of_neighbours() -> None:
    random = np.random.default_rng(3)
    points, labels = random_pictures(random, 200), random.integers(0, 4, 200)
    queries, truth = random_pictures(random, 50), random.integers(0, 4, 50)
    largest = knn.fit(centred(points), labels, 9, threads=1)
    neighbors = largest.kneighbors(centred(queries), return_distance=False)
    correct = knn.correct_by_neighbors(labels[neighbors], truth)
    for k in range(1, 10):
        predicted = knn.fit(centred(points), labels, k, threads=1).predict(centred(queries))
        assert correct[k - 1] == (predicted == truth).sum()
