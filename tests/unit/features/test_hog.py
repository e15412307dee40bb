"""Histograms of gradients against scikit-image's own, and what is said where they don't fit."""

import numpy as np
import pytest
from skimage.feature import hog as hog_of

from cifarbench.features import hog
from cifarbench.study.family import Setting

DEFAULTS = {name: parameter.default for name, parameter in hog.KIND.parameters.items()}


def images_of(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, int(np.prod(shape)))).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((3, 32, 32), {}),
        ((1, 28, 28), {}),
        ((3, 16, 24), {"orientations": 5, "block_size": 1}),
        ((1, 8, 8), {"cell_size": 4}),
        ((1, 4, 4), {"cell_size": 2}),
    ],
)
def test_it_is_scikit_images_of_the_mean_of_the_channels(shape, change):
    params, images = DEFAULTS | change, images_of(shape)
    found = hog.transform(images, {}, params, shape)
    setting = Setting(9, 2, shape, images.shape[1])
    assert found.shape == (9, hog.KIND.n_outputs(params, setting))
    assert not list(hog.KIND.impossible("f", params, setting))
    grey = images.reshape(9, *shape).astype(np.float64).mean(axis=1)
    cell, block = params["cell_size"], params["block_size"]
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
            {"block_size": 11},
            "choose a smaller block_size, so that a block of 11 x 11 cells fits in",
        ),
    ],
)
def test_what_does_not_fit_is_told(shape, change, sentence):
    setting = Setting(9, 2, shape, int(np.prod(shape)))
    (found,) = hog.KIND.impossible("f", DEFAULTS | change, setting)
    assert found.startswith(f"f.cell_size is 8; {sentence}")
