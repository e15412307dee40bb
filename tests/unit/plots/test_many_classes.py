"""A thousand classes: what can still be drawn and scored."""

import warnings
from itertools import pairwise

import numpy as np
import pytest

from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.plots import confusion_matrix


def test_of_a_thousand_classes_those_in_most_confusions_are_drawn():
    random = np.random.default_rng(0)
    classes = [f"class_{number}" for number in range(1000)]
    true = np.arange(4000) % 1000
    predicted = true.copy()
    # Two classes are always taken for each other.
    predicted[true == 500], predicted[true == 700] = 700, 500
    some = random.permutation(4000)[:100]
    predicted[some] = random.integers(0, 1000, 100)
    proba = np.full((4000, 1000), 0.1 / 999, np.float32)
    proba[np.arange(4000), predicted] = 0.9
    scores = compute_metrics(true, predicted, proba, classes, seed=0)
    matrix = np.array(scores["confusion_matrix"])
    shown = confusion_matrix.select_classes(matrix)
    assert len(shown) == confusion_matrix.MAX_CLASSES
    assert {500, 700} <= set(shown)
    figure = confusion_matrix.plot_confusion_matrix(matrix, classes, {"font_size": 9, "color": "#0072b2"})
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [classes[row] for row in shown]
    said = confusion_matrix.alt_text("m", matrix, classes)
    assert "of 1000 classes, the 40 most confused ones are drawn" in said
    np.testing.assert_array_equal(confusion_matrix.select_classes(matrix[:40, :40]), np.arange(40))


@pytest.mark.parametrize("n_classes", [2, 10, 20, 21, 38, 40, 100, 300])
@pytest.mark.parametrize("name", ["class{}", "Tomato___Tomato_Yellow_Leaf_Curl_Virus_{}", "x" * 97 + "{:03}"])
def test_labels_of_the_confusion_matrix_do_not_overlap(n_classes, name):
    matrix = np.random.default_rng(0).integers(0, 3, (n_classes, n_classes)) + 20 * np.eye(
        n_classes, dtype=int
    )
    classes = [name.format(number) for number in range(n_classes)]
    figure = confusion_matrix.plot_confusion_matrix(matrix, classes, {"font_size": 9, "color": "#0072b2"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    (axes,) = figure.axes
    frame, page = axes.get_window_extent(), figure.bbox
    assert frame.width > page.width / 3 and frame.height > page.height / 3
    for first, second in pairwise(label.get_window_extent() for label in axes.get_yticklabels()):
        assert not first.overlaps(second)
    labels = axes.get_xticklabels()
    pitch = frame.width / len(labels) * abs(np.sin(np.deg2rad(labels[0].get_rotation() or 90)))
    assert labels[0].get_rotation() == 0 or pitch > labels[0].get_fontsize() * figure.dpi / 72
    for label in [*labels, *axes.get_yticklabels()]:
        box = label.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.y0 >= page.y0 - 1
