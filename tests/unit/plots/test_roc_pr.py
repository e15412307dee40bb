"""ROC and precision-recall curves, compared with scikit-learn's."""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from cifarbench.plots.roc_pr import GRID, one_vs_rest_curves


def test_curves_equal_scikit_learns():
    rng = np.random.default_rng(0)
    y_true = rng.integers(3, size=200)
    proba = rng.dirichlet(np.ones(3), size=200) + 0.3 * np.eye(3)[y_true]
    # Round to create ties, as in vote shares.
    proba = np.round(proba / proba.sum(axis=1, keepdims=True), 1)
    rates, precisions = one_vs_rest_curves(y_true, proba)
    for label in range(3):
        fall_out, recall, _ = roc_curve(y_true == label, proba[:, label], drop_intermediate=False)
        np.testing.assert_allclose(rates[label], np.interp(GRID, fall_out, recall), atol=1e-12)
        precision, recall, _ = precision_recall_curve(y_true == label, proba[:, label])
        # Sort by ascending recall and drop the artificial end point.
        recall, precision = recall[:-1][::-1], precision[:-1][::-1]
        expected = precision[np.searchsorted(recall, GRID)]
        np.testing.assert_allclose(precisions[label], expected, atol=1e-12)


def test_absent_classes_are_left_out():
    rates, precisions = one_vs_rest_curves(np.array([0, 0, 2]), np.eye(4)[[0, 2, 2]])
    assert rates.shape == precisions.shape == (2, 101)
    assert one_vs_rest_curves(np.zeros(3, int), np.eye(2)[[0, 0, 0]])[0].shape == (0, 101)
