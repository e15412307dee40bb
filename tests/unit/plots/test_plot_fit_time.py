"""Accuracy against fitting time: names that can be read, and who is on the front."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Annotation
from test_plots import STYLE, row

from cifarbench.plots import accuracy, cost, fit_time

POINTS = st.tuples(st.floats(0, 1), st.floats(0.0001, 10_000))


def names_of(figure) -> list[Annotation]:
    return [text for text in figure.axes[0].texts if text.get_text()]


@settings(max_examples=15, deadline=None)
@given(st.lists(POINTS, min_size=1, max_size=18, unique=True))
def test_every_model_is_named(points):
    rows = [row(f"model_{i}", value, seconds) for i, (value, seconds) in enumerate(points)]
    figure = fit_time.plot_fit_time(rows, STYLE)
    assert {name.get_text() for name in names_of(figure)} == {one["model"] for one in rows}


@pytest.mark.parametrize("crowd", [0.0, 0.002, 0.01])
def test_names_of_eighteen_models_do_not_cover_each_other(crowd):
    rows = [
        row(f"knn_of_long_name_{i}", 0.4 + 0.02 * (i % 9) + crowd * i, 1 + 40 * (i // 6) + i / 10)
        for i in range(18)
    ]
    figure = fit_time.plot_fit_time(rows, STYLE)
    boxes = [name.get_window_extent() for name in names_of(figure)]
    assert len(boxes) == 18
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    frame = figure.axes[0].get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


def test_who_saw_other_images_is_on_no_front_and_below_a_line():
    rows = [row("quick", 0.4, 1), row("seen", 0.9, 0.5) | {"pretrained": True}, row("slow", 0.6, 3)]
    assert fit_time.alt_text(rows).endswith("the quickest first: quick, slow.")
    assert "seen" not in cost.alt_text(rows)
    marks = [line.get_marker() for line in fit_time.plot_fit_time(rows, STYLE).axes[0].lines[1:]]
    assert marks == ["o", "s", "o"]
    (axes,) = accuracy.plot_accuracy(rows, STYLE).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["quick", "slow", "seen"]
    assert "below: have seen other images" in [text.get_text() for text in axes.texts]
    (axes,) = accuracy.plot_accuracy(rows[:1], STYLE).axes
    assert "below: have seen other images" not in [text.get_text() for text in axes.texts]
