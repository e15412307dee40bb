"""Stop a training when the loss on held-out training images no longer falls."""

from typing import Any

import numpy as np

from cifarbench.data.splits import nested_stratified_order

# One in this many training images is held out.
HELD_OUT_DIVISOR = 10


def n_trained(n_images: int) -> int:
    """Return how many of the training images are not held out."""
    return n_images - n_images // HELD_OUT_DIVISOR


def hold_out(rows: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide training images at random into those to train on and those held out, stratified by class.

    rows, labels: (N,) int, indices of the images and their classes. Returns indices, in the order of `rows`.
    """
    is_trained = nested_stratified_order(labels, seed) < n_trained(len(rows))
    return rows[is_trained], rows[~is_trained]


def best_epoch(losses: list[float], min_delta: float) -> int:
    """Return the last epoch whose loss is lower, by more than `min_delta`, than that of the best epoch before it."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best] - min_delta:
            best = epoch
    return best


def summarize(history: list[dict[str, Any]], epoch: int, n_validation: int) -> dict[str, Any]:
    """Return what fit.json has of an early-stopped training, whose weights are those after `epoch`."""
    return {
        "epochs": len(history),
        "best_epoch": epoch,
        "validation_loss": history[epoch]["validation_loss"],
        **{key: value for key, value in history[epoch].items() if key == "validation_score"},
        "n_validation": n_validation,
    }
