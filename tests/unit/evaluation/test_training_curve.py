"""Summaries of training histories."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarbench.evaluation.training_curve import (
    PLATEAU_TOLERANCE,
    plateau_epoch,
    running_mean,
    summarize_history,
)


def history(test_accuracy: np.ndarray, test_loss: np.ndarray | None = None) -> dict[str, np.ndarray]:
    test_loss = 1 - test_accuracy if test_loss is None else test_loss
    return {
        "epoch": np.arange(len(test_accuracy), dtype=float),
        "train_loss": test_loss - 0.1,
        "test_loss": test_loss,
        "train_accuracy": test_accuracy + 0.2,
        "test_accuracy": test_accuracy,
    }


# The remaining gain 0.5 * 0.5 ** (t / 15) is 0.01 at t = 84.7.
SATURATING = 0.5 * (1 - 0.5 ** (np.arange(200) / 15))
NOISE = np.random.default_rng(1).normal(scale=0.006, size=200)
CURVES = {
    "saturates": (SATURATING, 85, 3),
    "saturates, with noise": (SATURATING + NOISE, 85, 12),
    "falls again": (np.concatenate([np.linspace(0.1, 0.5, 41), np.linspace(0.5, 0.3, 60)]), 40, 3),
    "is flat": (np.full(50, 0.4), 0, 0),
    "jumps late": (np.where(np.arange(100) < 70, 0.3, 0.4), 68.5, 3.5),
}


@pytest.mark.parametrize("name", CURVES)
def test_the_plateau_begins_where_the_remaining_gain_is_one_point(name):
    accuracy, epoch, off = CURVES[name]
    assert plateau_epoch(np.arange(len(accuracy)), accuracy) == pytest.approx(epoch, abs=off)


def test_a_rising_curve_has_no_plateau():
    assert plateau_epoch(np.arange(200), np.linspace(0.2, 0.6, 200)) is None


def test_the_summary_has_loss_gap_and_roughness():
    loss = np.array([2.0, 1.5, 1.0, 1.2, 1.4])
    found = summarize_history(history(np.array([0.1, 0.2, 0.5, 0.4, 0.4]), loss))
    assert found["lowest_test_loss"] == {"epoch": 2, "value": 1.0}
    assert found["highest_test_accuracy"] == {"epoch": 2, "value": 0.5}
    assert found["generalization_gap"] == pytest.approx({"loss": 0.1, "accuracy": 0.2})
    assert found["final"]["test_loss"] == 1.4
    assert found["frac_epochs_test_loss_up"] == 0.5
    # The differences of the loss are -0.5, -0.5, 0.2, 0.2.
    assert found["test_loss_roughness"] == pytest.approx(0.7 / 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_plateau_of_random_curves_is_consistent(values):
    accuracy = np.array(values)
    found = summarize_history(history(accuracy))
    json.dumps(found, allow_nan=False)
    epoch = found["plateau"]["epoch"]
    if epoch is not None:
        smooth = running_mean(accuracy, found["plateau"]["window"])
        assert epoch < 0.9 * len(accuracy)
        assert smooth[epoch:].max() - smooth[epoch] <= PLATEAU_TOLERANCE + 1e-9
        assert epoch == 0 or smooth[epoch:].max() - smooth[epoch - 1] > PLATEAU_TOLERANCE - 1e-9
