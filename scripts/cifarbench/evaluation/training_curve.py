"""What a training's history shows: lowest test loss, final gap, and where test accuracy levels off."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.io.csv_io import read_csv

# Test accuracy levels off at the first epoch after which its running mean gains no more than this.
PLATEAU_TOLERANCE = 0.01
# The running mean takes this share of all epochs.
WINDOW_SHARE = 0.05
# Levelling off within this last share of the epochs can't be told from a training that ended too soon.
UNDECIDED_SHARE = 0.1
# "Nearly as good as it gets": this share of the highest test accuracy.
NEAR_MAX_SHARE = 0.95

History = dict[str, np.ndarray]


def read_history(path: Path) -> History:
    """Read the columns of history.csv by name, each (epochs,) float."""
    rows = read_csv(path)
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def summarize_history(history: History) -> dict[str, Any]:
    """Return the summary of a training history, ready for JSON.

    `generalization_gap` is how much better training looks than test at the end. `plateau.epoch` is null when the rule
    finds none before the last tenth of the epochs. `frac_epochs_test_loss_up` is the share of epochs that made the
    test loss worse, and `test_loss_roughness` the mean absolute change between successive steps of the test
    loss: both tell how steadily it fell.
    """
    train_loss, test_loss = history["train_loss"], history["test_loss"]
    train_accuracy, test_accuracy = history["train_accuracy"], history["test_accuracy"]
    steps = np.diff(test_loss)
    return {
        "epochs": len(test_loss),
        "lowest_test_loss": _at(history, "test_loss", int(test_loss.argmin())),
        "highest_test_accuracy": _at(history, "test_accuracy", int(test_accuracy.argmax())),
        "epoch_95pct": int(
            history["epoch"][(test_accuracy >= NEAR_MAX_SHARE * test_accuracy.max()).argmax()]
        ),
        "final": {name: float(values[-1]) for name, values in history.items() if name != "epoch"},
        "generalization_gap": {
            "loss": float(test_loss[-1] - train_loss[-1]),
            "accuracy": float(train_accuracy[-1] - test_accuracy[-1]),
        },
        "plateau": {
            "epoch": plateau_epoch(history["epoch"], test_accuracy),
            "gain": PLATEAU_TOLERANCE,
            "window": _window(len(test_accuracy)),
            "last_share": UNDECIDED_SHARE,
        },
        "frac_epochs_train_above_test": float(np.mean(train_loss > test_loss)),
        "frac_epochs_test_loss_up": float(np.mean(steps > 0)) if len(steps) else 0.0,
        "test_loss_roughness": float(np.abs(np.diff(steps)).mean()) if len(steps) > 1 else 0.0,
    }


def plateau_epoch(epochs: np.ndarray, accuracy: np.ndarray) -> int | None:
    """Return the first epoch after which the running mean of `accuracy` gains at most PLATEAU_TOLERANCE.

    None if that is so only in the last tenth of the epochs, where any training would seem to level off.
    """
    smooth = running_mean(accuracy, _window(len(accuracy)))
    # What is still to be gained: the highest value from here on, less the one here.
    to_come = np.maximum.accumulate(smooth[::-1])[::-1] - smooth
    first = int((to_come <= PLATEAU_TOLERANCE).argmax())
    return int(epochs[first]) if first < (1 - UNDECIDED_SHARE) * len(accuracy) else None


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centred running mean, as long as `values`; at the ends the window is cut off."""
    weights = np.ones(window)
    return np.convolve(values, weights, "same") / np.convolve(np.ones(len(values)), weights, "same")


def _window(epochs: int) -> int:
    """Return the window of the running mean, an odd number of epochs."""
    return 2 * (round(WINDOW_SHARE * epochs) // 2) + 1


def _at(history: History, name: str, index: int) -> dict[str, float]:
    return {"epoch": int(history["epoch"][index]), "value": float(history[name][index])}
