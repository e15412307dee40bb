"""Summary of a training history: lowest test loss, generalization gap, and the epoch where test accuracy levels off."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.io.csv_io import read_csv

# Test accuracy levels off at the first epoch after which its running mean gains no more than this.
PLATEAU_TOLERANCE = 0.01
# The running mean takes this share of all epochs.
WINDOW_SHARE = 0.05
# A plateau within this last share of the epochs does not count: the training may have ended too early.
UNDECIDED_SHARE = 0.1

History = dict[str, np.ndarray]


def read_history(path: Path) -> History:
    """Read the columns of history.csv by name, each (epochs,) float."""
    rows = read_csv(path)
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def summarize_history(history: History) -> dict[str, Any]:
    """Return the summary of a training history, ready for JSON.

    `generalization_gap`: difference between training and test after the last epoch. `plateau.epoch`: see
    `plateau_epoch`. `frac_epochs_test_loss_up`: share of epochs in which the test loss rises. `test_loss_roughness`:
    mean absolute change between successive steps of the test loss.
    """
    train_loss, test_loss = history["train_loss"], history["test_loss"]
    train_accuracy, test_accuracy = history["train_accuracy"], history["test_accuracy"]
    steps = np.diff(test_loss)
    return {
        "epochs": len(test_loss),
        "lowest_test_loss": _at(history, "test_loss", int(test_loss.argmin())),
        "highest_test_accuracy": _at(history, "test_accuracy", int(test_accuracy.argmax())),
        "final": {name: float(values[-1]) for name, values in history.items() if name != "epoch"},
        "generalization_gap": {
            "loss": float(test_loss[-1] - train_loss[-1]),
            "accuracy": float(train_accuracy[-1] - test_accuracy[-1]),
        },
        "plateau": {
            "epoch": plateau_epoch(history["epoch"], test_accuracy),
            "gain": PLATEAU_TOLERANCE,
            "window": _window(len(test_accuracy)),
        },
        "frac_epochs_test_loss_up": float(np.mean(steps > 0)) if len(steps) else 0.0,
        "test_loss_roughness": float(np.abs(np.diff(steps)).mean()) if len(steps) > 1 else 0.0,
    }


def plateau_epoch(epochs: np.ndarray, accuracy: np.ndarray) -> int | None:
    """Return the first epoch after which the running mean of `accuracy` gains at most PLATEAU_TOLERANCE.

    None if that is in the last tenth of the epochs, where any curve seems to level off.
    """
    smooth = running_mean(accuracy, _window(len(accuracy)))
    # The highest value from here on, minus the one here.
    remaining_gain = np.maximum.accumulate(smooth[::-1])[::-1] - smooth
    first = int((remaining_gain <= PLATEAU_TOLERANCE).argmax())
    return int(epochs[first]) if first < (1 - UNDECIDED_SHARE) * len(accuracy) else None


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centered running mean (n,) of values (n,); the window is truncated at the ends."""
    weights = np.ones(window)
    return np.convolve(values, weights, "same") / np.convolve(np.ones(len(values)), weights, "same")


def _window(epochs: int) -> int:
    """Return the window of the running mean, an odd number of epochs."""
    return 2 * (round(WINDOW_SHARE * epochs) // 2) + 1


def _at(history: History, name: str, index: int) -> dict[str, float]:
    return {"epoch": int(history["epoch"][index]), "value": float(history[name][index])}
