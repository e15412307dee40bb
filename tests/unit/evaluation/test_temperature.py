"""Temperature scaling."""

import numpy as np
import pytest
from scipy.special import softmax

from cifarbench.evaluation.calibration import apply_temperature, fit_temperature, reliability_curve


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_the_labels_is_recovered(true_temperature):
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 4)) * 2
    chances = softmax(logits / true_temperature, axis=1).cumsum(axis=1)
    y_true = (random.random((len(logits), 1)) > chances).sum(axis=1)
    proba = softmax(logits, axis=1)
    found = fit_temperature(proba, y_true)
    assert found == pytest.approx(true_temperature, rel=0.05)
    after = apply_temperature(proba, found)
    assert (after.argmax(axis=1) == proba.argmax(axis=1)).all()
    correct = proba.argmax(axis=1) == y_true
    assert reliability_curve(correct, after)["ece"] < 0.02


def test_wrong_predictions_with_probability_one_have_a_finite_temperature():
    proba = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]]
    y_true = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 1])
    found = fit_temperature(proba, y_true)
    assert 1 < found < 20
    assert apply_temperature(proba, found).max(axis=1) == pytest.approx(0.9, abs=0.02)
