"""Recipes: the learning rate of every step, and what a checkpoint depends on."""

import pytest

from cifarbench.models.networks.training_config import SCHEDULES, TRAINING_PARAMS, TrainingConfig
from cifarbench.planning.model_family import read_parameters


def recipe(**more) -> TrainingConfig:
    return TrainingConfig(learning_rate=2.0, batch_size=10, epochs=3, **more)


def test_it_has_the_parameters_that_the_configuration_knows():
    training = read_parameters("training")
    # The metric of early stopping is that of the whole study.
    assert list(TRAINING_PARAMS) == [*training, "stopping_metric"]
    defaults = {name: one.default for name, one in training.items() if not one.required}
    assert {name: getattr(recipe(), name) for name in defaults} == defaults


def test_without_a_schedule_the_rate_stays():
    assert [recipe().learning_rate_at(step, 30) for step in range(30)] == [2.0] * 30


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_rates_end_near_zero_and_none_is_zero(schedule):
    rates = [recipe(schedule=schedule).learning_rate_at(step, 1000) for step in range(1000)]
    assert max(rates) == pytest.approx(2, rel=0.01)
    assert 0 < rates[-1] < 0.01 * 2
    falling = rates[200:] if schedule == "triangular" else rates
    assert falling == sorted(falling, reverse=True)


def test_a_triangle_goes_up_for_a_fifth():
    rates = [recipe(schedule="triangular").learning_rate_at(step, 1000) for step in range(1000)]
    assert rates[:200] == sorted(rates[:200])
    assert rates.index(max(rates)) in (199, 200)


def test_a_checkpoint_depends_on_the_epochs_where_the_rate_does():
    assert "epochs" not in recipe().checkpoint_key()
    assert recipe(schedule="cosine").checkpoint_key()["epochs"] == 3


def test_what_is_no_part_of_a_recipe_is_left_to_the_network():
    params = {"channels": [4], "learning_rate": 1.0, "batch_size": 5, "epochs": 2, "flip": True}
    assert TrainingConfig.from_params(params) == TrainingConfig(1.0, 5, 2, flip=True)
