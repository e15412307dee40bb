"""Images of the filters of fitted models."""

import numpy as np

from cifarbench.features import patches
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.io.atomic import save_npz
from cifarbench.plots.filters import COLUMNS, MAX_FILTERS, filters_to_rgb, plot_filters

TIMES = "\N{MULTIPLICATION SIGN}"
STYLE = {"font_size": 9}
PERCEPTRON = {"hidden_dim": 5, "batch_norm": True, "dropout": 0.5}
SHAPE = (3, 8, 6)


def test_zero_weights_are_grey_and_the_contrast_of_filters_is_normalised():
    found = np.zeros((3, 1, 2, 2), np.float32)
    found[0, 0] = [[1, -1], [0.5, 0]]
    found[1] = found[0] / 1000
    strong, weak, none = filters_to_rgb(found)
    np.testing.assert_array_equal(strong, weak)
    assert strong.shape == (2, 2, 3)
    assert strong[0, 0].tolist() == [255] * 3
    assert strong[0, 1].tolist() == [0] * 3
    assert strong[1, 1].tolist() == none[0, 0].tolist() == [128] * 3


def test_channels_are_shown_as_colours():
    red = np.zeros((1, 3, 1, 1), np.float32)
    red[0, 0] = 2
    assert filters_to_rgb(red)[0, 0, 0].tolist() == [255, 128, 128]
    assert filters_to_rgb(np.ones((1, 5, 2, 2), np.float32)).shape == (1, 2, 2, 3)


def test_the_largest_filters_are_shown_first_up_to_a_maximum():
    many = np.random.default_rng(0).normal(size=(MAX_FILTERS + 5, 3, 4, 4)).astype(np.float32)
    many[-1] *= 10
    figure = plot_filters(many, STYLE)
    (axes,) = figure.axes
    assert len(axes.images) == MAX_FILTERS
    np.testing.assert_array_equal(axes.images[0].get_array(), filters_to_rgb(many[-1:])[0])
    assert [text.get_text() for text in axes.texts if text.get_text()] == [
        f"{MAX_FILTERS + 5} filters of 3 {TIMES} 4 {TIMES} 4 values: the {MAX_FILTERS} with the largest weights"
    ]
    (axes,) = plot_filters(many[: COLUMNS + 1], STYLE).axes
    assert len(axes.images) == COLUMNS + 1


def test_filters_of_patches_compute_the_response_to_a_patch(tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(256, size=(60, 3 * 8 * 6), dtype=np.uint8)
    inputs = FitInputs(images, np.arange(60), np.zeros(60, int), 4, SHAPE, 0)
    params = {
        "n_patches": 6,
        "patch_size": 4,
        "stride": 1,
        "method": "random",
        "soft_threshold": 0.0,
        "n_pool": 1,
        "power": 1,
    }
    state = patches.fit(inputs, params)
    save_npz(tmp_path / "all.npz", **state)
    found = patches.load_filters(tmp_path / "all.npz", SHAPE)
    assert found.shape == (6, 3, 4, 4)
    # For an image of the size of a patch, the response is the product with the filter.
    patch = random.integers(256, size=(1, 3 * 4 * 4), dtype=np.uint8)
    above, below = patches.transform(patch, state, params, (3, 4, 4)).reshape(2, 6)
    values = (patch[0].astype(float) - 128) / 128
    values = (values - values.mean()) / np.sqrt(values.var() + patches.CONTRAST)
    expected = np.einsum("fchw,chw->f", found, values.reshape(3, 4, 4)) - state["offsets"]
    np.testing.assert_allclose(above - below, expected, rtol=1e-3, atol=1e-4)
