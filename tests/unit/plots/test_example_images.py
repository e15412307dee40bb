"""Plots of example images, and the text and colors of all plots."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from test_plot_grid_search import words_of
from test_plots import BLUE, MINUS, PIXELS, RED, SHAPE, STYLE

from cifarbench.evaluation.comparison import best_per_family_disagreement, model_agreement
from cifarbench.plots import (
    MISSING_GLYPHS,
    example_images,
)
from cifarbench.plots.image_grid import to_rgb
from cifarbench.plots.style import (
    add_fallback_fonts,
    contrast_color,
    format_signed,
    luminance,
    save_png,
    shorten,
)

# ---- Images ----


def prediction_figure(names: list[str]) -> Figure:
    true = np.arange(len(names))
    predicted = np.roll(true, 1)
    return example_images.plot_predictions(PIXELS[: len(names)], true, predicted, names, SHAPE, STYLE)


def test_sampled_images_depend_on_the_seed_only():
    first, again, other = (example_images.sample_indices(10_000, 20, seed).tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first)) == 20
    assert sorted(example_images.sample_indices(5, 20, seed=0)) == [0, 1, 2, 3, 4]


def test_wrong_predictions_are_marked(tmp_path):
    true, predicted = np.array([0, 1]), np.array([0, 0])
    figure = example_images.plot_predictions(PIXELS[:2], true, predicted, ["x", "y"], SHAPE, STYLE)
    assert words_of(figure) == ["✓ x", "✗ x\ntrue: y"]
    for name in "ab":
        save_png(figure, tmp_path / f"{name}.png", dpi=100)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == pytest.approx(720, abs=2)


def test_pixels_become_color_images():
    images = to_rgb(PIXELS, SHAPE)
    assert images.shape == (30, 4, 5, 3)
    assert images[7, 2, 3].tolist() == [PIXELS[7, c * 20 + 2 * 5 + 3] for c in range(3)]
    grey = to_rgb(PIXELS[:, :20], [1, 4, 5])
    assert grey.shape == (30, 4, 5, 3)
    assert (grey[..., 0] == grey[..., 2]).all()


def test_confused_pairs_have_headers():
    pairs = [
        {"true_class": "x", "predicted_class": "y", "count": 3, "rate": 0.25, "indices": [1, 2, 3]},
        {"true_class": "y", "predicted_class": "x", "count": 1, "rate": 0.5, "indices": [4]},
    ]
    assert words_of(example_images.plot_confused_pairs(PIXELS, pairs, SHAPE, STYLE)) == [
        "x, predicted as y: 3 images, 25.0% of the class",
        "y, predicted as x: 1 image, 50.0% of the class",
    ]
    assert words_of(example_images.plot_confused_pairs(PIXELS, [], SHAPE, STYLE)) == [
        "No image is misclassified."
    ]


def test_images_on_which_models_agree_and_disagree():
    y_true = np.arange(30) % 2
    predictions = {"one": y_true.copy(), "two": y_true.copy()}
    predictions["one"][[3, 8]] ^= 1
    predictions["two"][[3, 9]] ^= 1
    agreement = model_agreement(y_true, predictions, ["x", "y"])
    families = best_per_family_disagreement(y_true, predictions, {"one": "knn", "two": "mlp"})
    texts = [
        words_of(plot(PIXELS, agreement | {"per_family": families}, SHAPE, STYLE))
        for plot in (
            example_images.plot_misclassified_by_all,
            example_images.plot_correct_by_one,
            example_images.plot_family_disagreements,
        )
    ]
    assert texts == [
        ["2 of 2: x\ntrue: y"],
        ["only one is correct: 1 of 30 images", "only two is correct: 1 of 30 images"],
        ["of these, only one is correct: 1 of 30 images", "two is correct, one is not: 1 of 30 images"],
    ]
    agreement = model_agreement(y_true, {"one": y_true}, ["x", "y"])
    figure = example_images.plot_misclassified_by_all(PIXELS, agreement, SHAPE, STYLE)
    assert words_of(figure) == ["Every image is classified correctly by at least one model."]


# ---- Text and colors ----


def test_characters_without_a_glyph_are_listed_in_the_metadata(tmp_path):
    private = chr(0x10ABCD)
    for name, expected in ((private, private), ("čaj ✓", None)):
        save_png(prediction_figure(["cat", name]), tmp_path / "a.png", dpi=50)
        with Image.open(tmp_path / "a.png") as image:
            assert image.info.get(MISSING_GLYPHS) == expected


def test_another_installed_font_is_used_for_characters_that_the_default_lacks():
    # STIX, which is bundled with Matplotlib, has this letter; DejaVu Sans does not.
    figure = prediction_figure(["cat", "\N{LATIN SMALL LETTER K WITH PALATAL HOOK}"])
    texts = [text for axes in figure.axes for text in axes.texts]
    assert add_fallback_fonts(texts) == []
    families = texts[0].get_fontfamily()
    assert (families[0], len(families)) == ("DejaVu Sans", 2)


@pytest.mark.parametrize("text", ["short", "a" * 28, "a" * 15 + "b" * 100 + "c" * 13])
def test_shortened_names_keep_both_ends(text):
    short = shorten(text, 28)
    assert len(short) == min(len(text), 28)
    assert short == text or (short[:14], short[-13:]) == (text[:14], text[-13:])


@pytest.mark.parametrize("color", [BLUE, RED, "#00597a", "#b54400", "#e8e8e8", "#777777"])
def test_text_has_contrast_to_any_color(color):
    dark, light = sorted([luminance(color), luminance(contrast_color(color))])
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_signs():
    assert [format_signed(value) for value in (1.25, -0.26, 0.04, -0.04)] == [
        "+1.2",
        f"{MINUS}0.3",
        "0.0",
        "0.0",
    ]
