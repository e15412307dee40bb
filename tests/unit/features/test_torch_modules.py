"""Torch modules of features, compared with `transform`."""

from typing import Any

import numpy as np
import pytest
import torch

from cifarbench.errors import UserError
from cifarbench.features import get_module
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.features.registry import FEATURE_TYPES
from cifarbench.features.torch_modules import CONVERTERS, to_torch
from cifarbench.planning.experiment import with_defaults

SHAPE = (3, 8, 8)
ENTRIES = {
    "pca": ("pca", {"n_components": 5}),
    "pca, scaled": ("pca", {"n_components": 5, "standardize": True}),
    "lda": ("lda", {}),
    "whitening": ("whitening", {}),
    "whitened, some components, not normalised": ("whitening", {"n_components": 7, "l2_normalize": False}),
    "pca of features": ("pca", {"n_components": 6}),
    "lda of features": ("lda", {}),
    "whitened features": ("whitening", {}),
    "patches": ("patches", {"n_patches": 9, "patch_size": 3}),
    "patches, uneven regions, roots": (
        "patches",
        {"n_patches": 9, "patch_size": 3, "n_pool": 4, "power": 0.5},
    ),
    "patches, two pixels apart": ("patches", {"n_patches": 9, "patch_size": 3, "stride": 2}),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Return pixels, (200, 192) uint8, with correlated neighbours; the first image is constant."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (200, 3, 4, 4)).repeat(2, axis=2).repeat(2, axis=3)
    images = (coarse * 0.8 + random.integers(0, 50, coarse.shape)).astype(np.uint8).reshape(200, -1)
    images[0] = 77
    return images


def fitted(kind: str, entry: dict[str, Any], values: np.ndarray) -> tuple[dict, dict]:
    params = with_defaults(entry, FEATURE_TYPES[kind].parameters)
    inputs = FitInputs(values, np.arange(len(values)), np.arange(len(values)) % 4, 4, SHAPE, seed=0)
    return params, get_module(kind).fit(inputs, params)


@pytest.mark.parametrize("name", ENTRIES)
def test_modules_equal_transform(images, name):
    kind, entry = ENTRIES[name]
    values = images[:, :40].astype(np.float32) / 10 if name.endswith("features") else images
    params, state = fitted(kind, entry, values)
    expected = get_module(kind).transform(values, state, params, SHAPE)
    with torch.inference_mode():
        found = to_torch(kind, state, params, SHAPE)(torch.from_numpy(values)).numpy()
    assert found.dtype == np.float32
    # The square root amplifies rounding errors near zero.
    off = 1e-3 if params.get("power") == 0.5 else 1e-4
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=off * np.abs(expected).max())


def test_types_without_a_module_end_in_a_sentence():
    assert set(CONVERTERS) < set(FEATURE_TYPES)
    for kind in set(FEATURE_TYPES) - set(CONVERTERS):
        with pytest.raises(UserError, match=f"features of the type {kind} cannot be exported to ONNX"):
            to_torch(kind, {}, {}, SHAPE)
