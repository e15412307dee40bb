"""Training configurations: learning rates of all steps, and keys of checkpoints."""

import pytest

from cifarbench.models.networks.training_config import SCHEDULES, TRAINING_PARAMS, TrainingConfig
from cifarbench.planning.model_family import read_parameters


def make_config(**more) -> TrainingConfig:
    return TrainingConfig(learning_rate=2.0, batch_size=10, epochs=3, **more)


def test_parameters_equal_those_of_the_configuration():
    training = read_parameters("training")
    # The metric of early stopping is that of the experiment.
    assert list(TRAINING_PARAMS) == [*training, "stopping_metric"]
    defaults = {name: one.default for name, one in training.items() if not one.required}
    assert {name: getattr(make_config(), name) for name in defaults} == defaults


def test_the_rate_is_constant_without_a_schedule():
    assert [make_config().learning_rate_at(step, 30) for step in range(30)] == [2.0] * 30


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_schedules_end_near_zero(schedule):
    rates = [make_config(schedule=schedule).learning_rate_at(step, 1000) for step in range(1000)]
    assert max(rates) == pytest.approx(2, rel=0.01)
    assert 0 < rates[-1] < 0.01 * 2
    falling = rates[200:] if schedule == "triangular" else rates
    assert falling == sorted(falling, reverse=True)


def test_the_triangular_schedule_rises_for_a_fifth_of_the_steps():
    rates = [make_config(schedule="triangular").learning_rate_at(step, 1000) for step in range(1000)]
    assert rates[:200] == sorted(rates[:200])
    assert rates.index(max(rates)) in (199, 200)


def test_the_checkpoint_key_has_the_epochs_if_the_rate_depends_on_them():
    assert "epochs" not in make_config().checkpoint_key()
    assert make_config(schedule="cosine").checkpoint_key()["epochs"] == 3


def test_other_parameters_are_ignored():
    params = {"channels": [4], "learning_rate": 1.0, "batch_size": 5, "epochs": 2, "flip": True}
    assert TrainingConfig.from_params(params) == TrainingConfig(1.0, 5, 2, flip=True)
