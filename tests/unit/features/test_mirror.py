"""Features averaged over an image and its mirror image."""

import numpy as np
import pytest
import torch

from cifarbench.features import get_module
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.features.pipeline import FeatureStep
from cifarbench.features.registry import FEATURE_TYPES
from cifarbench.features.torch_modules import to_torch
from cifarbench.planning.experiment import with_defaults
from cifarbench.planning.model_family import DataShape

SHAPE = (3, 8, 9)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, *SHAPE)).astype(np.uint8)
MIRRORED = IMAGES[..., ::-1]
ENTRIES = {"patches": {"n_patches": 9, "patch_size": 3}, "hog": {"pixels_per_cell": 4}}


def rows(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images).reshape(len(images), -1)


def steps(kind: str) -> tuple[FeatureStep, FeatureStep]:
    """Return a fitted step without and with mirror images."""
    plain = with_defaults(ENTRIES[kind], FEATURE_TYPES[kind].parameters)
    inputs = FitInputs(rows(IMAGES), np.arange(50), np.arange(50) % 2, 2, SHAPE, seed=0)
    state = get_module(kind).fit(inputs, plain) if FEATURE_TYPES[kind].is_fitted else {}
    return FeatureStep(kind, plain, state), FeatureStep(kind, plain | {"mirror": True}, state)


@pytest.mark.parametrize("kind", ENTRIES)
def test_features_are_the_mean_of_an_image_and_its_mirror_image(kind):
    plain, mirror = steps(kind)
    found = mirror.transform(rows(IMAGES), SHAPE)
    views = [plain.transform(rows(images), SHAPE) for images in (IMAGES, MIRRORED)]
    np.testing.assert_allclose(found, np.mean(views, axis=0), atol=1e-6)
    np.testing.assert_array_equal(found, mirror.transform(rows(MIRRORED), SHAPE))
    assert np.abs(found - views[0]).max() > 0.01


def test_the_onnx_module_averages_over_mirror_images():
    _, mirror = steps("patches")
    with torch.inference_mode():
        found = to_torch("patches", mirror.state, mirror.params, SHAPE)(torch.from_numpy(rows(IMAGES)))
    np.testing.assert_allclose(found.numpy(), mirror.transform(rows(IMAGES), SHAPE), atol=1e-4)


@pytest.mark.parametrize("kind", ["patches", "hog", "pretrained"])
def test_mirroring_is_refused_if_it_changes_the_class(kind):
    entry = with_defaults(ENTRIES.get(kind, {}) | {"mirror": True}, FEATURE_TYPES[kind].parameters)
    data = DataShape(100, 10, (3, 32, 32), 3072, hflip_safe=False)
    assert [*FEATURE_TYPES[kind].check_data("features.f", entry, data)] == [
        "features.f.mirror is true; a mirrored image of this dataset shows something else (its hflip_safe is false): "
        "make it false."
    ]


def test_entries_without_the_key_keep_their_parameters():
    assert "mirror" not in with_defaults(ENTRIES["patches"], FEATURE_TYPES["patches"].parameters)
