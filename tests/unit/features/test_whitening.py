"""Whitened images, compared with a computation in NumPy."""

import numpy as np
import pytest

from cifarbench.features import whitening
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.planning.model_family import DataShape

SHAPE = (3, 4, 5)
PARAMS = {"epsilon": 0.1, "n_components": 0, "l2_normalize": True}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    smooth = (
        random.normal(size=(500, 6)) @ random.normal(size=(6, 60)) * 25 + random.normal(size=(500, 60)) * 9
    )
    return np.clip(smooth + 120, 0, 255).astype(np.uint8)


def inputs(values: np.ndarray) -> FitInputs:
    return FitInputs(values, np.arange(len(values)), np.zeros(len(values), int), 2, SHAPE, seed=0)


def reference(images: np.ndarray, epsilon: float, l2_normalize: bool) -> np.ndarray:
    values = images.astype(np.float64)
    values = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
    values -= values.mean(axis=0)
    inner = np.cov(values.T) + epsilon * np.eye(values.shape[1])
    variances, vectors = np.linalg.eigh(inner)
    values = values @ (vectors / np.sqrt(variances)) @ vectors.T
    return values / np.linalg.norm(values, axis=1, keepdims=True) if l2_normalize else values


@pytest.mark.parametrize("epsilon", [0.01, 1.0])
@pytest.mark.parametrize("l2_normalize", [False, True])
def test_features_are_the_zca_of_normalised_images(images, epsilon, l2_normalize):
    params = PARAMS | {"epsilon": epsilon, "l2_normalize": l2_normalize}
    found = whitening.transform(images, whitening.fit(inputs(images), PARAMS), params, SHAPE)
    expected = reference(images, epsilon, l2_normalize)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("l2_normalize", [False, True])
def test_distances_between_components_equal_those_of_zca(images, l2_normalize):
    state, params = whitening.fit(inputs(images), PARAMS), PARAMS | {"l2_normalize": l2_normalize}
    turned, kept = (whitening.transform(images, state, params | {"n_components": n}, SHAPE) for n in (0, 60))
    found, expected = (np.linalg.norm(one[:, None] - one[None, :50], axis=2) for one in (kept, turned))
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_n_components_selects_the_first_ones(images):
    state, params = whitening.fit(inputs(images), PARAMS), PARAMS | {"l2_normalize": False}
    few, more = (whitening.transform(images, state, params | {"n_components": n}, SHAPE) for n in (7, 20))
    assert few.shape == (
        500,
        whitening.FEATURE_TYPE.n_outputs({"n_components": 7}, DataShape(500, 2, SHAPE, 60)),
    )
    np.testing.assert_allclose(few, more[:, :7], atol=1e-5)
    assert (more.var(axis=0)[1:] <= more.var(axis=0)[:-1]).all() and (more.var(axis=0) < 1).all()
    assert whitening.stored_bytes(state, {"n_components": 7}) == 4 * (60 + 7 * 60 + 7)


def test_more_components_than_values_are_refused():
    entry, setting = PARAMS | {"n_components": 61}, DataShape(500, 2, SHAPE, 60)
    assert list(whitening.FEATURE_TYPE.check_data("f", entry, setting)) == [
        "f.n_components is 61; it must be at most 60, the number of values."
    ]


def test_constant_images_have_finite_features(images):
    even = np.concatenate([images, np.full((1, 60), 77, np.uint8)])
    state = whitening.fit(inputs(even), PARAMS)
    found = whitening.transform(even, state, PARAMS, SHAPE)
    assert np.isfinite(found).all()
    assert not whitening.standardize_rows(np.full((1, 60), 0.1, np.float32)).any()
