"""Evaluate a model on corrupted images."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

log = logging.getLogger(__name__)


def evaluate_corruptions(
    predict: Callable[[np.ndarray], np.ndarray],
    images: Callable[[str, int], np.ndarray],
    y_true: np.ndarray,
    corruptions: list[str],
    severities: list[int],
) -> dict[str, Any]:
    """Compute the accuracy under each corruption at each severity, ready for JSON.

    predict: returns the classes (N,) of images. images: returns the test images under a corruption at a severity; they
    are released after use. y_true: (N,).

    `mean_accuracy` is the mean over all corruptions and severities, as in CIFAR-10-C. `worst_corruption` is the
    corruption with the lowest mean.
    """
    accuracy: dict[str, list[float]] = {name: [] for name in corruptions}
    for name in corruptions:
        for severity in severities:
            accuracy[name].append(float(np.mean(predict(images(name, severity)) == y_true)))
            log.info("%s, severity %d: accuracy %.4f", name, severity, accuracy[name][-1])
    means = {name: float(np.mean(values)) for name, values in accuracy.items()}
    return {
        "severities": severities,
        "accuracy": accuracy,
        "mean_accuracy": float(np.mean([*means.values()])),
        "mean_by_severity": np.mean([*accuracy.values()], axis=0).tolist(),
        "worst_corruption": min(means, key=means.__getitem__),
        "worst_accuracy": min(means.values()),
    }
