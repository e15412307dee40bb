"""Whitened images against plain NumPy on small arrays."""

import numpy as np
import pytest

from cifarbench.features import whitened
from cifarbench.features.inputs import Inputs
from cifarbench.study.family import Setting

SHAPE = (3, 4, 5)
PARAMS = {"regularization": 0.1, "n_components": 0, "normalize": True}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    smooth = (
        random.normal(size=(500, 6)) @ random.normal(size=(6, 60)) * 25 + random.normal(size=(500, 60)) * 9
    )
    return np.clip(smooth + 120, 0, 255).astype(np.uint8)


def inputs(values: np.ndarray) -> Inputs:
    return Inputs(values, np.arange(len(values)), np.zeros(len(values), int), 2, SHAPE, seed=0)


def reference(images: np.ndarray, regularization: float, normalize: bool) -> np.ndarray:
    values = images.astype(np.float64)
    values = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
    values -= values.mean(axis=0)
    inner = np.cov(values.T) + regularization * np.eye(values.shape[1])
    variances, vectors = np.linalg.eigh(inner)
    values = values @ (vectors / np.sqrt(variances)) @ vectors.T
    return values / np.linalg.norm(values, axis=1, keepdims=True) if normalize else values


@pytest.mark.parametrize("regularization", [0.01, 1.0])
@pytest.mark.parametrize("normalize", [False, True])
def test_it_is_zca_of_normalised_images(images, regularization, normalize):
    params = PARAMS | {"regularization": regularization, "normalize": normalize}
    found = whitened.transform(images, whitened.fit(inputs(images), PARAMS), params, SHAPE)
    expected = reference(images, regularization, normalize)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("normalize", [False, True])
def test_all_components_are_as_far_apart_as_what_is_turned_back(images, normalize):
    state, params = whitened.fit(inputs(images), PARAMS), PARAMS | {"normalize": normalize}
    turned, kept = (whitened.transform(images, state, params | {"n_components": n}, SHAPE) for n in (0, 60))
    found, expected = (np.linalg.norm(one[:, None] - one[None, :50], axis=2) for one in (kept, turned))
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_fewer_components_are_the_first_ones(images):
    state, params = whitened.fit(inputs(images), PARAMS), PARAMS | {"normalize": False}
    few, more = (whitened.transform(images, state, params | {"n_components": n}, SHAPE) for n in (7, 20))
    assert few.shape == (500, whitened.KIND.n_outputs({"n_components": 7}, Setting(500, 2, SHAPE, 60)))
    np.testing.assert_allclose(few, more[:, :7], atol=1e-5)
    assert (more.var(axis=0)[1:] <= more.var(axis=0)[:-1]).all() and (more.var(axis=0) < 1).all()
    assert whitened.stored_bytes(state, {"n_components": 7}) == 4 * (60 + 7 * 60 + 7)


def test_more_components_than_values_are_refused():
    entry, setting = PARAMS | {"n_components": 61}, Setting(500, 2, SHAPE, 60)
    assert list(whitened.KIND.impossible("f", entry, setting)) == [
        "f.n_components is 61; it must be at most 60, the number of values."
    ]


def test_its_scale_does_not_matter(images):
    features = images.astype(np.float32)
    found = whitened.transform(features, whitened.fit(inputs(features), PARAMS), PARAMS, SHAPE)
    again = whitened.transform(
        50 * features + 7, whitened.fit(inputs(50 * features + 7), PARAMS), PARAMS, SHAPE
    )
    np.testing.assert_allclose(again, found, atol=1e-4)


def test_an_image_of_one_value_is_no_division_by_zero(images):
    even = np.concatenate([images, np.full((1, 60), 77, np.uint8)])
    state = whitened.fit(inputs(even), PARAMS)
    found = whitened.transform(even, state, PARAMS, SHAPE)
    assert np.isfinite(found).all()
    assert not whitened.normalised(np.full((1, 60), 0.1, np.float32)).any()
