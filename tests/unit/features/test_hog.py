"""Histograms of oriented gradients, compared with scikit-image's, and refusal of invalid parameters."""

import numpy as np
import pytest
from skimage.feature import hog as hog_of

from cifarbench.features import hog
from cifarbench.planning.model_family import DataShape

DEFAULTS = {name: parameter.default for name, parameter in hog.FEATURE_TYPE.parameters.items()}


def images_of(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, int(np.prod(shape)))).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((3, 32, 32), {}),
        ((1, 28, 28), {}),
        ((3, 16, 24), {"orientations": 5, "cells_per_block": 1}),
        ((1, 8, 8), {"pixels_per_cell": 4}),
        ((1, 4, 4), {"pixels_per_cell": 2}),
    ],
)
def test_features_equal_scikit_images_on_the_mean_of_the_channels(shape, change):
    params, images = DEFAULTS | change, images_of(shape)
    found = hog.transform(images, {}, params, shape)
    setting = DataShape(9, 2, shape, images.shape[1])
    assert found.shape == (9, hog.FEATURE_TYPE.n_outputs(params, setting))
    assert not list(hog.FEATURE_TYPE.check_data("f", params, setting))
    grey = images.reshape(9, *shape).astype(np.float64).mean(axis=1)
    cell, block = params["pixels_per_cell"], params["cells_per_block"]
    expected = [hog_of(one, params["orientations"], (cell, cell), (block, block)) for one in grey]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "change", "sentence"),
    [
        (
            (1, 8, 8),
            {},
            "it must be at most 4, so that a block of 2 x 2 cells fits in an image of 8 x 8 pixels.",
        ),
        (
            (1, 28, 10),
            {"cells_per_block": 11},
            "choose a smaller cells_per_block, so that a block of 11 x 11 cells fits in",
        ),
    ],
)
def test_invalid_parameters_are_refused(shape, change, sentence):
    setting = DataShape(9, 2, shape, int(np.prod(shape)))
    (found,) = hog.FEATURE_TYPE.check_data("f", DEFAULTS | change, setting)
    assert found.startswith(f"f.pixels_per_cell is 8; {sentence}")
