"""What a training's history shows."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarbench.evaluation.learning import LEVEL_GAIN, describe, levels_off, read_history, running_mean


def history(test_accuracy: np.ndarray, test_loss: np.ndarray | None = None) -> dict[str, np.ndarray]:
    test_loss = 1 - test_accuracy if test_loss is None else test_loss
    return {
        "epoch": np.arange(len(test_accuracy), dtype=float),
        "train_loss": test_loss - 0.1,
        "test_loss": test_loss,
        "train_accuracy": test_accuracy + 0.2,
        "test_accuracy": test_accuracy,
    }


def saturating(epochs: int, half_life: float) -> np.ndarray:
    return 0.5 * (1 - 0.5 ** (np.arange(epochs) / half_life))


def test_a_curve_that_saturates_levels_off_where_a_point_is_left_to_gain():
    accuracy = saturating(200, half_life=15)
    epoch = levels_off(np.arange(200), accuracy)
    # 0.5 * 0.5 ** (t / 15) = 0.01 at t = 84.7
    assert epoch == pytest.approx(85, abs=3)


def test_noise_moves_it_little():
    noise = np.random.default_rng(1).normal(scale=0.006, size=200)
    found = levels_off(np.arange(200), saturating(200, 15) + noise)
    assert found == pytest.approx(85, abs=12)


def test_a_curve_that_still_climbs_does_not_level_off():
    assert levels_off(np.arange(200), np.linspace(0.2, 0.6, 200)) is None


def test_a_curve_that_falls_again_levels_off_at_its_height():
    accuracy = np.concatenate([np.linspace(0.1, 0.5, 41), np.linspace(0.5, 0.3, 60)])
    assert levels_off(np.arange(101), accuracy) == pytest.approx(40, abs=3)


def test_a_flat_curve_is_level_from_the_start():
    assert levels_off(np.arange(50), np.full(50, 0.4)) == 0


def test_a_late_jump_is_not_overlooked():
    accuracy = np.where(np.arange(100) < 70, 0.3, 0.4)
    assert 65 <= levels_off(np.arange(100), accuracy) <= 72


def test_describes_loss_gap_and_steadiness():
    loss = np.array([2.0, 1.5, 1.0, 1.2, 1.4])
    found = describe(history(np.array([0.1, 0.2, 0.5, 0.4, 0.4]), loss))
    assert found["lowest_test_loss"] == {"epoch": 2, "value": 1.0}
    assert found["highest_test_accuracy"] == {"epoch": 2, "value": 0.5}
    assert found["nearly_highest_epoch"] == 2
    assert found["gap"] == pytest.approx({"loss": 0.1, "accuracy": 0.2})
    assert found["final"]["test_loss"] == 1.4
    assert found["train_loss_above_test_loss"] == 0
    assert found["test_loss_rises"] == 0.5
    # Steps of -0.5, -0.5, 0.2, 0.2.
    assert found["test_loss_roughness"] == pytest.approx(0.7 / 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_whatever_the_curve(values):
    accuracy = np.array(values)
    found = describe(history(accuracy))
    json.dumps(found, allow_nan=False)
    epoch = found["levels_off"]["epoch"]
    if epoch is not None:
        smooth = running_mean(accuracy, found["levels_off"]["window"])
        assert epoch < 0.9 * len(accuracy)
        assert smooth[epoch:].max() - smooth[epoch] <= LEVEL_GAIN + 1e-9
        assert epoch == 0 or smooth[epoch:].max() - smooth[epoch - 1] > LEVEL_GAIN - 1e-9


def test_reads_a_history(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        "epoch,train_loss,test_loss,train_accuracy,test_accuracy\n0,2.3,2.2,0.1,0.15\n1,2.0,2.1,0.2,0.25\n"
    )
    found = read_history(path)
    assert found["epoch"].tolist() == [0, 1]
    assert found["test_accuracy"].tolist() == [0.15, 0.25]
