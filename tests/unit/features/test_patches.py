"""Features of patches, compared with loops over all positions of small images."""

import numpy as np
import pytest

from cifarbench.features import patches
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.planning.model_family import DataShape

SHAPE = (3, 9, 8)
PARAMS = {
    "n_patches": 5,
    "patch_size": 3,
    "stride": 1,
    "method": "random",
    "soft_threshold": 0.1,
    "n_pool": 2,
    "power": 1,
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 216)).astype(np.uint8)


def fit(images: np.ndarray, params: dict, seed: int = 0) -> dict:
    rows = np.arange(len(images))
    return patches.fit(FitInputs(images, rows, np.zeros(len(images), int), 2, SHAPE, seed), params)


def loop_features(image: np.ndarray, state: dict, params: dict) -> np.ndarray:
    """Return the features of one image, (2, n_patches, regions), computed position by position."""
    values, patch_size, n_pool = image.reshape(SHAPE) / 128.0 - 1, params["patch_size"], params["n_pool"]
    downwards, sideways = (range(0, side - patch_size + 1, params["stride"]) for side in SHAPE[1:])
    found = np.zeros((2, params["n_patches"], n_pool**2))
    counts = np.zeros(n_pool**2)
    for down, y in enumerate(downwards):
        for across, x in enumerate(sideways):
            patch = values[:, y : y + patch_size, x : x + patch_size].ravel()
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10 / 128**2)
            response = state["filters"] @ patch - state["offsets"]
            region = down * n_pool // len(downwards) * n_pool + across * n_pool // len(sideways)
            counts[region] += 1
            found[0, :, region] += np.maximum(response - params["soft_threshold"], 0)
            found[1, :, region] += np.maximum(-response - params["soft_threshold"], 0)
    return found / counts


@pytest.mark.parametrize("method", ["random", "kmeans"])
@pytest.mark.parametrize(("n_pool", "stride"), [(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (1, 5), (1, 99)])
def test_features_equal_those_of_loops(images, method, n_pool, stride):
    params = PARAMS | {"method": method, "n_pool": n_pool, "stride": stride}
    state = fit(images, params)
    found = patches.transform(images, state, params, SHAPE)
    assert found.dtype == np.float32 and found.flags.c_contiguous
    assert found.shape == (60, patches.FEATURE_TYPE.n_outputs(params, DataShape(60, 2, SHAPE, 216)))
    expected = np.array([loop_features(image, state, params).ravel() for image in images])
    assert (expected > 0).any(axis=0).all()
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("power", [0.25, 0.5])
def test_averages_are_raised_to_a_power(images, power):
    state = fit(images, PARAMS)
    found = patches.transform(images, state, PARAMS | {"power": power}, SHAPE)
    np.testing.assert_allclose(found, patches.transform(images, state, PARAMS, SHAPE) ** power, rtol=1e-5)


def test_features_do_not_depend_on_the_size_of_blocks(images, monkeypatch):
    state = fit(images, PARAMS)
    whole = patches.transform(images, state, PARAMS, SHAPE)
    # Blocks of one image and two of five filters.
    monkeypatch.setattr(patches, "POSITIONS", 1)
    monkeypatch.setattr(patches, "RESPONSES", 32)
    np.testing.assert_allclose(patches.transform(images, state, PARAMS, SHAPE), whole, atol=1e-5)


def test_random_filters_are_whitened_patches_of_the_images(images):
    # With patches at a single position, all patches are known.
    params = PARAMS | {"patch_size": 8, "n_patches": 3}
    square = np.ascontiguousarray(images.reshape(-1, *SHAPE)[:, :, :8]).reshape(60, -1)
    inputs = FitInputs(square, np.arange(60), np.zeros(60, int), 2, (3, 8, 8), 0)
    state = patches.fit(inputs, params)
    sampled = patches._sample(inputs, params, np.random.default_rng(0)).astype(np.float64)
    mean = sampled.mean(axis=1, keepdims=True)
    whitening = np.linalg.inv(_root(np.cov(sampled) + 0.1 * np.eye(len(sampled))))
    values = square / 128.0 - 1
    values -= values.mean(axis=1, keepdims=True)
    values /= np.sqrt(values.var(axis=1, keepdims=True) + 10 / 128**2)
    whole = whitening @ (values.T - mean)
    whole /= np.linalg.norm(whole, axis=0)
    chosen = state["filters"] @ np.linalg.inv(whitening)
    np.testing.assert_allclose(np.linalg.norm(chosen, axis=1), 1, atol=1e-4)
    # Without its whitening, each filter is one of the images.
    assert (np.abs(chosen @ whole).max(axis=1) > 1 - 1e-4).all()
    np.testing.assert_allclose(state["offsets"], (state["filters"] @ mean)[:, 0], atol=1e-5)


def _root(matrix: np.ndarray) -> np.ndarray:
    variances, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(variances) @ vectors.T


def test_constant_images_have_finite_features(images):
    even = images.copy()
    even[0] = 0
    assert np.isfinite(patches.transform(even, fit(even, PARAMS), PARAMS, SHAPE)).all()


def test_patches_of_a_single_grey_pixel_are_refused():
    setting = DataShape(60, 2, (1, 9, 8), 72)
    assert list(patches.FEATURE_TYPE.check_data("f", PARAMS | {"patch_size": 1}, setting)) == [
        "f.patch_size is 1; it must be at least 2, since a single value has no contrast."
    ]
    assert not list(
        patches.FEATURE_TYPE.check_data("f", PARAMS | {"patch_size": 1}, DataShape(60, 2, SHAPE, 216))
    )
    assert np.isfinite(fit(np.zeros((60, 216), np.uint8), PARAMS | {"patch_size": 1})["filters"]).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patch_size": 9}, "f.patch_size is 9; it must be at most 8, since images have 9 x 8 pixels."),
        (
            {"patch_size": 7, "n_pool": 3},
            "f.n_pool is 3; it must be at most 2, the positions of a patch of 7 x 7 along",
        ),
        (
            {"stride": 3, "n_pool": 3},
            "f.n_pool is 3; it must be at most 2, the positions of a patch of 3 x 3",
        ),
        ({"patch_size": 8, "n_pool": 1}, None),
        ({"patch_size": 7, "n_pool": 2}, None),
    ],
)
def test_invalid_parameters_are_refused(change, sentence):
    found = list(patches.FEATURE_TYPE.check_data("f", PARAMS | change, DataShape(60, 2, SHAPE, 216)))
    assert len(found) == bool(sentence)
    assert "".join(found).startswith(sentence or "")
