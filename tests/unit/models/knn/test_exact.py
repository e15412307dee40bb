"""Exact search, compared with float64 brute force on data that are difficult for float32."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier

from cifarbench.features.covariance import center
from cifarbench.models.knn import exact as knn
from cifarbench.models.knn import voting
from cifarbench.models.knn.ann import knn_search
from cifarbench.models.knn.torch_module import KNNModule


def exact_distances(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, (M, N) float64, computed from differences instead of products."""
    differences = queries[:, None, :].astype(np.float64) - points[None, :, :].astype(np.float64)
    return (differences**2).sum(axis=2)


def random_images(random, n):
    return random.integers(0, 256, (n, 48), dtype=np.uint8)


def duplicates(random, n):
    return np.repeat(random_images(random, n // 5), 5, axis=0)


def equal_distances(random, n):
    # Each image has one bright pixel, so that all have equal distances to black.
    pictures = np.zeros((n, 48), np.uint8)
    pictures[np.arange(n), random.integers(0, 48, n)] = 200
    return pictures


def large_offsets(random, n):
    return random.integers(250, 256, (n, 48), dtype=np.uint8)


@pytest.mark.parametrize("make", [random_images, duplicates, equal_distances, large_offsets])
def test_neighbours_are_those_of_float64_brute_force(make) -> None:
    random = np.random.default_rng(1)
    points, queries = make(random, 300), make(random, 60)
    neighbors, squares = knn.knn(center(points), center(queries), 7, threads=1)
    exact = exact_distances(queries, points)
    found = np.take_along_axis(exact, neighbors, axis=1)
    # Neighbours at equal distances may differ, but distances are equal, since pixels are integers.
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(exact, axis=1)[:, :7])
    assert all(len(set(row)) == 7 for row in neighbors)
    np.testing.assert_allclose(squares, found, rtol=1e-5)


def test_one_search_scores_every_smaller_number_of_neighbours() -> None:
    random = np.random.default_rng(3)
    points, labels = random_images(random, 200), random.integers(0, 4, 200)
    queries, truth = random_images(random, 50), random.integers(0, 4, 50)
    neighbors, _ = knn.knn(center(points), center(queries), 9, threads=1)
    correct = voting.correct_counts_per_k(labels[neighbors], truth)
    for k in range(1, 10):
        classifier = KNeighborsClassifier(k, algorithm="brute").fit(points.astype(np.float64), labels)
        assert correct[k - 1] == (classifier.predict(queries) == truth).sum()


@given(data=strategies.data())
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_and_votes_are_those_of_scikit_learn(metric: str, weights: str, data) -> None:
    n_points, n_values = data.draw(strategies.integers(1, 12)), data.draw(strategies.integers(1, 4))
    # Small integers make zero vectors, duplicates, multiples and ties frequent.
    rows = strategies.lists(strategies.integers(-2, 2), min_size=n_values, max_size=n_values)
    points, queries = (
        np.array(data.draw(strategies.lists(rows, min_size=n, max_size=most)), np.float32)
        for n, most in ((n_points, n_points), (1, 6))
    )
    n_constant = data.draw(strategies.integers(0, n_values))
    points[:, :n_constant] = queries[:, :n_constant] = data.draw(strategies.integers(-2, 2))
    k = data.draw(strategies.integers(1, n_points))
    labels = np.array(
        data.draw(strategies.lists(strategies.integers(0, 2), min_size=n_points, max_size=n_points))
    )
    params = {"metric": metric, "weights": weights, "n_neighbors": k}
    neighbors, squares = knn.knn(
        knn.to_vectors(points, metric),
        knn.to_vectors(queries, metric, queries=True),
        k,
        threads=1,
        metric=metric,
    )
    proba = voting.predict_proba(labels[neighbors], 3, voting.neighbor_weights(squares, params))

    # Round, so that parallel vectors have distance 0.
    exact = pairwise_distances(queries.astype(float), points.astype(float), metric=metric).round(12)
    nearest = np.sort(exact, axis=1)
    distances = squares / 2 if metric == "cosine" else np.sqrt(squares)
    np.testing.assert_allclose(distances, nearest[:, :k], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(exact, neighbors, axis=1), distances, atol=1e-6)
    # Compare only queries without a tie at the k-th neighbour.
    decided = np.full(len(queries), True) if k == n_points else nearest[:, k] - nearest[:, k - 1] > 1e-5
    theirs = KNeighborsClassifier(k, weights=weights, metric="precomputed").fit(
        np.zeros((n_points,) * 2), labels
    )
    expected = np.zeros((len(queries), 3))
    expected[:, theirs.classes_] = theirs.predict_proba(exact)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba[decided], expected[decided], atol=1e-5)

    module = KNNModule(knn.to_vectors(points, metric), labels, 3, params)
    exported = module(torch.from_numpy(queries)).numpy()
    np.testing.assert_allclose(exported[decided], expected[decided], atol=1e-5)
    # An approximate search that probes all lists is exact.
    nlist = data.draw(strategies.integers(1, n_points))
    ann = {"nlist": nlist, "nprobe": nlist}
    params = {"metric": metric, "n_neighbors": k, "ann": ann}
    approximate = knn_search(points, np.arange(n_points), queries, params, threads=1, memory_mb=100)
    np.testing.assert_array_equal(approximate[0], neighbors)
    np.testing.assert_array_equal(approximate[1], squares)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_votes_counted_in_blocks_are_the_same(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    neighbor_labels, truth = random.integers(0, 4, (70, 7)), random.integers(0, 4, 70)
    params = {"metric": "euclidean", "weights": weights}
    vote_weights = voting.neighbor_weights(np.sort(random.random((70, 7)), axis=1), params)
    shares = voting.predict_proba(neighbor_labels, 4, vote_weights)
    correct = voting.correct_counts_per_k(neighbor_labels, truth, vote_weights)
    assert correct[6] == (shares.argmax(axis=1) == truth).sum()
    # Blocks of three rows.
    monkeypatch.setattr(voting, "VOTES_MB", 1e-4)
    np.testing.assert_array_equal(voting.predict_proba(neighbor_labels, 4, vote_weights), shares)
    np.testing.assert_array_equal(voting.correct_counts_per_k(neighbor_labels, truth, vote_weights), correct)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_balanced_votes_count_by_the_inverse_frequency_of_their_class(weights: str) -> None:
    random = np.random.default_rng(5)
    points, queries = (random.integers(0, 256, (n, 6), dtype=np.uint8) for n in (60, 20))
    labels = np.repeat([0, 1], [50, 10])
    params = {"metric": "euclidean", "weights": weights, "n_neighbors": 7, "class_weight": "balanced"}
    neighbors, squares = knn.knn(
        knn.to_vectors(points, "euclidean"),
        knn.to_vectors(queries, "euclidean", queries=True),
        7,
        threads=1,
        metric="euclidean",
    )
    voters = labels[neighbors]
    plain = voting.neighbor_weights(squares, params)
    proba = voting.predict_proba(voters, 2, voting.balanced_weights(plain, voters, labels, params))
    # 60 images of 2 classes: 60 / (2 * 50) and 60 / (2 * 10).
    votes = np.where(voters == 0, 0.6, 3.0) * (1 if plain is None else plain)
    np.testing.assert_allclose(proba[:, 1], (votes * voters).sum(axis=1) / votes.sum(axis=1), rtol=1e-6)
    assert (proba.argmax(axis=1) == 1).sum() > (
        voting.predict_proba(voters, 2, plain).argmax(axis=1) == 1
    ).sum()
    module = KNNModule(knn.to_vectors(points, "euclidean"), labels, 2, params)
    np.testing.assert_allclose(module(torch.from_numpy(queries)).numpy(), proba, atol=1e-5)


def test_a_zero_vector_is_at_cosine_distance_1_from_everything() -> None:
    # Pixels are centred at 128, so that mid grey is the zero vector.
    pixels = np.array([[128, 128, 128], [0, 128, 255], [128, 128, 128]], np.uint8)
    options = {"metric": "cosine", "n_neighbors": 3, "threads": 1, "memory_mb": 100}
    neighbors, squares = knn.knn_blocked(pixels, np.arange(3), pixels[:2], np.arange(2), **options)
    np.testing.assert_array_equal(neighbors, [[0, 1, 2], [1, 0, 2]])
    np.testing.assert_allclose(squares / 2, [[1, 1, 1], [0, 1, 1]], atol=1e-6)
