"""Evaluation on corrupted images, and reading of CIFAR-10-C's files."""

from pathlib import Path

import numpy as np
import pytest

from cifarbench.data.shifted_test_sets import read_cifar10_c
from cifarbench.errors import UserError
from cifarbench.robustness.corruptions import evaluate_corruptions

SHAPE = (3, 4, 5)


def test_mean_accuracies_and_the_worst_corruption():
    y_true = np.array([0, 1, 1, 0])
    right = {("snow", 1): 4, ("snow", 5): 2, ("fog", 1): 3, ("fog", 5): 0}

    def images(name: str, severity: int) -> np.ndarray:
        return np.arange(4) < right[name, severity]

    found = evaluate_corruptions(
        lambda kept: np.where(kept, y_true, 1 - y_true), images, y_true, ["snow", "fog"], [1, 5]
    )
    assert found["accuracy"] == {"snow": [1.0, 0.5], "fog": [0.75, 0.0]}
    assert found["mean_by_severity"] == [0.875, 0.25]
    assert found["mean_accuracy"] == 0.5625
    assert (found["worst_corruption"], found["worst_accuracy"]) == ("fog", 0.375)


def write(folder: Path, n: int = 6) -> np.ndarray:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, n)
    np.save(folder / "labels.npy", np.tile(labels, 5))
    np.save(folder / "fog.npy", random.integers(0, 256, (5 * n, 4, 5, 3), np.uint8))
    return labels


def test_official_files_are_read_by_severity(tmp_path):
    labels = write(tmp_path)
    found = read_cifar10_c(str(tmp_path), "fog", 3, SHAPE, labels)
    whole = np.load(tmp_path / "fog.npy")
    assert np.array_equal(found[1].reshape(SHAPE), whole[13].transpose(2, 0, 1))
    assert found.shape == (6, 60)


def test_files_of_other_images_are_refused(tmp_path):
    labels = write(tmp_path)
    with pytest.raises(UserError, match="does not hold the labels"):
        read_cifar10_c(str(tmp_path), "fog", 1, SHAPE, labels[::-1])
    with pytest.raises(UserError, match="expected uint8 of shape"):
        read_cifar10_c(str(tmp_path), "fog", 1, (3, 5, 4), labels)
    with pytest.raises(UserError, match=r"lacks snow\.npy"):
        read_cifar10_c(str(tmp_path), "snow", 1, SHAPE, labels)
    (tmp_path / "snow.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="can't be read"):
        read_cifar10_c(str(tmp_path), "snow", 1, SHAPE, labels)
