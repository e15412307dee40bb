"""Names of classes in figures: any characters, any length."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from test_plots import PIXELS, SHAPE, STYLE, svg_of

from cifarbench.plots import (
    MISSING_GLYPHS,
    confusion_matrix,
)
from cifarbench.plots.sample_predictions import plot_predictions
from cifarbench.plots.style import (
    add_fallback_fonts,
    save_png,
    shorten,
)

ODD_NAMES = ['<b>x & "y"', "$a_1$", "猫", "a`b"]


def prediction_figure(names: list[str]) -> Figure:
    true = np.arange(len(names))
    return plot_predictions(PIXELS[: len(names)], true, np.roll(true, 1), names, SHAPE, STYLE)


def test_names_of_classes_are_text_in_svg(tmp_path):
    matrix = np.ones((4, 4), int)
    figure = confusion_matrix.plot_confusion_matrix(matrix, ODD_NAMES, STYLE)
    svg = svg_of(figure, tmp_path, confusion_matrix.alt_text("m", matrix, ODD_NAMES))
    texts = [element.text for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]
    assert set(ODD_NAMES) <= set(texts)


def test_characters_that_no_font_has_are_noted_in_the_file(tmp_path):
    private = chr(0x10ABCD)
    save_png(prediction_figure(["cat", private]), tmp_path / "a.png", dpi=50)
    with Image.open(tmp_path / "a.png") as image:
        assert image.info[MISSING_GLYPHS] == private
    save_png(prediction_figure(["cat", "čaj ✓"]), tmp_path / "b.png", dpi=50)
    with Image.open(tmp_path / "b.png") as image:
        assert MISSING_GLYPHS not in image.info


def test_another_installed_font_is_used_for_characters_that_the_default_lacks():
    # STIX, which comes with Matplotlib, has this letter, and DejaVu Sans has not.
    figure = prediction_figure(["cat", "\N{LATIN SMALL LETTER K WITH PALATAL HOOK}"])
    texts = [text for axes in figure.axes for text in axes.texts]
    assert add_fallback_fonts(texts) == []
    families = texts[0].get_fontfamily()
    assert (families[0], len(families)) == ("DejaVu Sans", 2)


@pytest.mark.parametrize("text", ["short", "a" * 28, "a" * 15 + "b" * 100 + "c" * 13])
def test_long_names_keep_both_ends(text):
    short = shorten(text, 28)
    assert len(short) == min(len(text), 28)
    assert short == text or (short[:14], short[-13:]) == (text[:14], text[-13:])
