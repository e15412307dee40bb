"""Features as modules of torch give what `transform` gives."""

from typing import Any

import numpy as np
import pytest
import torch

from cifarbench.features import module_of
from cifarbench.features.inputs import Inputs
from cifarbench.features.kinds import KINDS
from cifarbench.features.modules import STAGES, stage
from cifarbench.study.errors import UserError
from cifarbench.study.plan import with_defaults

SHAPE = (3, 8, 8)
ENTRIES = {
    "pca": ("pca", {"n_components": 5}),
    "pca, scaled": ("pca", {"n_components": 5, "scale": True}),
    "lda": ("lda", {}),
    "whitened": ("whitened", {}),
    "whitened, some components, not normalised": ("whitened", {"n_components": 7, "normalize": False}),
    "pca of features": ("pca", {"n_components": 6}),
    "lda of features": ("lda", {}),
    "whitened features": ("whitened", {}),
    "patches": ("patches", {"n_patches": 9, "size": 3}),
    "patches, uneven regions, roots": ("patches", {"n_patches": 9, "size": 3, "pooling": 4, "power": 0.5}),
    "patches, two pixels apart": ("patches", {"n_patches": 9, "size": 3, "stride": 2}),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Pixels (200, 192) uint8, neighbours alike; the first image is all one grey."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (200, 3, 4, 4)).repeat(2, axis=2).repeat(2, axis=3)
    images = (coarse * 0.8 + random.integers(0, 50, coarse.shape)).astype(np.uint8).reshape(200, -1)
    images[0] = 77
    return images


def fitted(kind: str, entry: dict[str, Any], values: np.ndarray) -> tuple[dict, dict]:
    params = with_defaults(entry, KINDS[kind].parameters)
    inputs = Inputs(values, np.arange(len(values)), np.arange(len(values)) % 4, 4, SHAPE, seed=0)
    return params, module_of(kind).fit(inputs, params)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_module_gives_what_transform_gives(images, name):
    kind, entry = ENTRIES[name]
    values = images[:, :40].astype(np.float32) / 10 if name.endswith("features") else images
    params, state = fitted(kind, entry, values)
    expected = module_of(kind).transform(values, state, params, SHAPE)
    with torch.inference_mode():
        found = stage(kind, state, params, SHAPE)(torch.from_numpy(values)).numpy()
    assert found.dtype == np.float32
    # The root of a rounding error is as large as this.
    off = 1e-3 if params.get("power") == 0.5 else 1e-4
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=off * np.abs(expected).max())


def test_a_kind_without_a_module_ends_in_a_sentence():
    assert set(STAGES) < set(KINDS)
    for kind in set(KINDS) - set(STAGES):
        with pytest.raises(UserError, match=f"features of the kind {kind} can't be said in ONNX"):
            stage(kind, {}, {}, SHAPE)
