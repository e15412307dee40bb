"""Neighbours against float64 brute force, on data made to break float32."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from cifarbench.features.covariance import center
from cifarbench.models.knn import exact as knn
from cifarbench.models.knn import voting


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
    neighbors, squares = knn.knn(center(points), center(queries), 7, threads=1)
    exact = exact_distances(queries, points)
    found = np.take_along_axis(exact, neighbors, axis=1)
    # Of equally distant pictures any may be named: the distances must agree exactly, pixels being whole numbers.
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(exact, axis=1)[:, :7])
    assert all(len(set(row)) == 7 for row in neighbors)
    np.testing.assert_allclose(squares, found, rtol=1e-5)


def scikit_learn(points: np.ndarray, labels: np.ndarray, k: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(k, algorithm="brute").fit(points.astype(np.float64), labels)


def test_votes_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(2)
    # Of five neighbours with three labels, ties are frequent; class 0, 2, 3 and 5 have no image.
    points, labels = random_pictures(random, 100), random.choice([1, 4, 6], 100)
    queries = random_pictures(random, 200)
    neighbors, _ = knn.knn(center(points), center(queries), 5, threads=1)
    shares = voting.predict_proba(labels[neighbors], n_classes=7)
    classifier = scikit_learn(points, labels, 5)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert not shares[:, [0, 2, 3, 5]].any()
    np.testing.assert_allclose(shares[:, [1, 4, 6]], classifier.predict_proba(queries), rtol=1e-6)
    np.testing.assert_array_equal(shares.argmax(axis=1), classifier.predict(queries))


def test_one_search_scores_every_smaller_number_of_neighbours() -> None:
    random = np.random.default_rng(3)
    points, labels = random_pictures(random, 200), random.integers(0, 4, 200)
    queries, truth = random_pictures(random, 50), random.integers(0, 4, 50)
    neighbors, _ = knn.knn(center(points), center(queries), 9, threads=1)
    correct = voting.correct_counts_per_k(labels[neighbors], truth)
    for k in range(1, 10):
        assert correct[k - 1] == (scikit_learn(points, labels, k).predict(queries) == truth).sum()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_every_metric_and_vote_is_that_of_scikit_learn(
    metric: str, weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(4)
    points, labels = random.normal(size=(150, 12)).astype(np.float32), random.integers(0, 4, 150)
    # Some queries lie on points: at no distance.
    queries = np.vstack([random.normal(size=(60, 12)), points[:10]]).astype(np.float32)
    theirs = KNeighborsClassifier(7, algorithm="brute", metric=metric, weights=weights)
    theirs.fit(points.astype(np.float64), labels)
    params = {"metric": metric, "weights": weights}
    neighbors, squares = knn.knn(
        knn.to_vectors(points, metric), knn.to_vectors(queries, metric), 7, threads=1
    )
    voices = voting.neighbor_weights(squares, params)
    shares = voting.predict_proba(labels[neighbors], 4, voices)
    # Float32 leaves points on themselves a little off for the cosine.
    rows = slice(0, 60) if metric == "cosine" else slice(None)
    expected = theirs.predict_proba(queries.astype(np.float64))
    np.testing.assert_allclose(shares[rows], expected[rows], atol=2e-4)
    truth = random.integers(0, 4, len(queries))
    correct = voting.correct_counts_per_k(labels[neighbors], truth, voices)
    assert correct[6] == (shares.argmax(axis=1) == truth).sum()
    # Three rows at a time.
    monkeypatch.setattr(voting, "VOTES_MB", 1e-4)
    np.testing.assert_array_equal(voting.predict_proba(labels[neighbors], 4, voices), shares)
    np.testing.assert_array_equal(voting.correct_counts_per_k(labels[neighbors], truth, voices), correct)


def test_pixels_are_points_as_they_are_and_the_cosine_s_have_unit_length() -> None:
    pixels = np.array([[0, 128, 255], [128, 128, 128]], np.uint8)
    np.testing.assert_array_equal(knn.to_vectors(pixels, "euclidean"), [[-128, 0, 127], [0, 0, 0]])
    lengths = np.linalg.norm(knn.to_vectors(pixels, "cosine"), axis=1)
    np.testing.assert_allclose(lengths, [1, 0], atol=1e-6)
