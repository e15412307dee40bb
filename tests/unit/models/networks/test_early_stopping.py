"""Early stopping: held-out images, the best epoch, and the selected weights."""

from dataclasses import replace

import numpy as np
import pytest

from cifarbench.models.networks.early_stopping import best_epoch, hold_out, summarize
from cifarbench.models.networks.training_config import TrainingConfig

LOSSES = [3.0, 2.0, 1.95, 1.9, 2.5, 1.7, 2.0, 2.1]


def config(patience: int, min_delta: float = 0.0) -> TrainingConfig:
    return TrainingConfig(0.1, 4, 8, early_stopping={"patience": patience, "min_delta": min_delta})


def test_a_tenth_of_each_class_is_held_out():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    rows = np.arange(1000, 1100)
    trained, held_out = hold_out(rows, labels, seed=0)
    assert np.array_equal(np.bincount(labels[held_out - 1000]), [5, 3, 2])
    assert np.array_equal(np.sort(np.concatenate([trained, held_out])), rows)
    assert not np.array_equal(held_out, hold_out(rows, labels, seed=1)[1])


@pytest.mark.parametrize(("min_delta", "best"), [(0, 5), (0.07, 5), (0.25, 5), (0.5, 1), (2, 0)])
def test_an_epoch_is_better_by_more_than_min_delta(min_delta, best):
    assert best_epoch(LOSSES, min_delta) == best


@pytest.mark.parametrize(("patience", "n_epochs", "selected"), [(1, 5, 3), (2, 8, 5), (3, 8, 5)])
def test_training_stops_after_epochs_without_improvement(patience, n_epochs, selected):
    history: list[dict] = []
    while not config(patience).is_finished(history):
        history.append({"validation_loss": LOSSES[len(history)]})
    assert len(history) == n_epochs
    assert config(patience).selected_epoch(history) == selected


def test_a_metric_can_replace_the_loss():
    by_score = replace(config(2), stopping_metric="balanced_accuracy")
    history: list[dict] = []
    scores = [0.2, 0.5, 0.4, 0.45, 0.9]
    while not by_score.is_finished(history):
        row = {"validation_loss": 1 / (1 + len(history)), "validation_score": scores[len(history)]}
        history.append(row)
    assert (len(history), by_score.selected_epoch(history)) == (4, 1)
    assert summarize(history, 1, 10)["validation_score"] == 0.5
