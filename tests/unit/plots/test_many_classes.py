"""A thousand classes: what can still be drawn and scored."""

import numpy as np

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
    assert len(shown) == confusion_matrix.N_SELECTED_CLASSES
    assert {500, 700} <= set(shown)
    figure = confusion_matrix.plot_confusion_matrix(matrix, classes, {"font_size": 9, "color": "#0072b2"})
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [classes[row] for row in shown]
    said = confusion_matrix.alt_text("m", matrix, classes)
    assert "of 1000 classes, the 40 are drawn that are in most confusions" in said
    # A hundred are drawn all.
    np.testing.assert_array_equal(confusion_matrix.select_classes(matrix[:100, :100]), np.arange(100))
