"""Linear discriminant analysis, compared with scikit-learn's eigenvalue solver."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from cifarbench.features import lda
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.planning.model_family import DataShape

SHAPE = (1, 4, 5)
N_CLASSES = 4


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(1).choice(N_CLASSES, 300, p=[0.1, 0.2, 0.3, 0.4])


@pytest.fixture(scope="module")
def images(labels: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 20)) @ random.normal(size=(20, 20)) * 5
    values += random.normal(size=(300, 20)) * 8 + random.normal(size=(N_CLASSES, 20))[labels] * 8
    return np.clip(values + 128, 0, 255).astype(np.uint8)


def fit(values: np.ndarray, labels: np.ndarray, shrinkage: float, n_classes: int = N_CLASSES) -> dict:
    inputs = FitInputs(values, np.arange(len(values)), labels, n_classes, SHAPE, seed=0)
    return lda.fit(inputs, {"shrinkage": shrinkage})


@pytest.mark.parametrize("as_features", [False, True])
def test_features_equal_scikit_learns_with_little_shrinkage(images, labels, as_features):
    values = images / np.float32(50) if as_features else images
    found = lda.transform(values, fit(values, labels, 1e-9), {}, SHAPE)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(values.astype(np.float64), labels)
    assert_same_up_to_signs(found, theirs.transform(values.astype(np.float64)))


@pytest.mark.parametrize("shrinkage", [0.01, 0.1, 1.0])
def test_the_covariance_within_classes_is_shrunk(images, labels, shrinkage):
    found = lda.transform(images, fit(images, labels, shrinkage), {}, SHAPE)
    values = images.astype(np.float64)
    means = np.array([values[labels == label].mean(axis=0) for label in range(N_CLASSES)])[labels]
    within = np.cov((values - means).T, bias=True)
    shrunk = (1 - shrinkage) * within + shrinkage * np.trace(within) / 20 * np.eye(20)
    # Solve the eigenvalue problem of all values instead of the reduced one.
    _, vectors = scipy.linalg.eigh(np.cov(means.T, bias=True), shrunk)
    assert_same_up_to_signs(found, values @ vectors[:, ::-1][:, : N_CLASSES - 1])


def assert_same_up_to_signs(found: np.ndarray, expected: np.ndarray) -> None:
    # The sign of a component is arbitrary, and only some implementations subtract the mean.
    expected = expected - expected.mean(axis=0)
    found = found * np.sign((expected * found).sum(axis=0))
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


def test_fewer_values_than_classes_give_fewer_outputs(images, labels):
    values = images[:, :2]
    found = lda.transform(values, fit(values, labels, 0.1), {}, SHAPE)
    assert (
        found.shape == (300, 2) == (300, lda.FEATURE_TYPE.n_outputs({}, DataShape(300, N_CLASSES, SHAPE, 2)))
    )


def test_empty_classes_and_constant_values_are_supported(images, labels):
    still = images.copy()
    still[:, 3] = 9
    found = lda.transform(still, fit(still, labels, 0.1, n_classes=N_CLASSES + 1), {}, SHAPE)
    assert np.isfinite(found).all()
    without = lda.transform(still, fit(still, labels, 0.1), {}, SHAPE)
    np.testing.assert_allclose(np.abs(found[:, :3]), np.abs(without), atol=1e-4)
    assert not found[:, 3].any()
