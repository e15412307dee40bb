"""Detection of labels that were flipped on purpose."""

from pathlib import Path

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from sklearn.datasets import load_digits

from cifarbench.audit.label_issues import detect_label_issues, out_of_fold_proba, surprise_threshold
from cifarbench.evaluation.calibration import apply_temperature, fit_temperature

SHAPE = (1, 16, 16)


def calibrated(images: np.ndarray, labels: np.ndarray, folder: Path) -> np.ndarray:
    """Return out-of-fold probabilities as the job computes them."""
    proba = out_of_fold_proba(images, labels, 10, SHAPE, 0, folder)
    return apply_temperature(proba, fit_temperature(proba, labels))


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits of scikit-learn at 16 x 16 pixels, and their labels."""
    images, labels = load_digits(return_X_y=True)
    images = np.kron(images.reshape(-1, 8, 8) * 15.9, np.ones((2, 2))).astype(np.uint8)
    return images.reshape(len(images), -1), labels


@pytest.mark.parametrize("share", [0.01, 0.05, 0.10])
def test_flipped_labels_are_found(digits: tuple, share: float, tmp_path: Path) -> None:
    images, labels = digits
    random = np.random.default_rng(1)
    flipped = random.choice(len(labels), round(share * len(labels)), replace=False)
    given = labels.copy()
    given[flipped] = (labels[flipped] + random.integers(1, 10, len(flipped))) % 10
    proba = calibrated(images, given, tmp_path)
    least = np.argsort(proba[np.arange(len(given)), given])
    assert np.isin(least[: len(flipped)], flipped).mean() >= 0.95
    issues = detect_label_issues(proba, given)
    assert set(issues.index[:10]) <= set(least[:12])
    assert np.isin(issues.index, flipped).mean() >= 0.95
    assert np.isin(flipped, issues.index).mean() >= 0.8
    is_flipped = np.isin(issues.index, flipped)
    assert (issues.predicted_label[is_flipped] == labels[issues.index[is_flipped]]).mean() >= 0.95
    assert (np.diff(issues.score) <= 0).all()


def test_correct_labels_are_rarely_listed(digits: tuple, tmp_path: Path) -> None:
    images, labels = digits
    issues = detect_label_issues(calibrated(images, labels, tmp_path), labels)
    assert len(issues.index) < 0.01 * len(labels)
    assert issues.accuracy > 0.95


def test_correct_labels_are_rarely_listed_by_weak_models(digits: tuple, tmp_path: Path) -> None:
    images, labels = digits
    noise = np.random.default_rng(0).normal(0, 200, images.shape)
    proba = calibrated((images + noise).clip(0, 255).astype(np.uint8), labels, tmp_path)
    issues = detect_label_issues(proba, labels)
    assert 0.5 < issues.accuracy < 0.8
    assert len(issues.index) < 0.02 * len(labels)
    # Confident learning without the threshold lists more than 10%.
    assert find_label_issues(labels, proba, n_jobs=1).mean() > 0.1


def test_labels_consistent_with_the_probabilities_are_not_listed() -> None:
    random = np.random.default_rng(0)
    proba = random.dirichlet(np.full(10, 0.3), 20_000)
    # Labels drawn from the probabilities make these calibrated; more than half of the predictions are wrong.
    labels = (random.random((20_000, 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(0, 9)
    n_pruned = find_label_issues(labels, proba, n_jobs=1).sum()
    assert n_pruned > 0.3 * len(labels)
    assert len(detect_label_issues(proba, labels).index) < 0.1 * n_pruned
    flipped = random.choice(20_000, 400, replace=False)
    labels[flipped] = proba[flipped].argmin(axis=1)
    assert np.isin(detect_label_issues(proba, labels).index[:400], flipped).mean() > 0.85


@pytest.mark.parametrize(("n_unlikely", "threshold"), [(10, 0), (12, 0), (13, 0.1)])
def test_a_fifth_of_the_labels_below_the_threshold_is_unexpected(n_unlikely: int, threshold: float) -> None:
    # One of ten images that have a class at 0.1 is expected to belong to it.
    proba = np.tile([0.1, 0.9], (100, 1))
    given = np.full(100, 0.9)
    given[:n_unlikely] = 0.1
    assert surprise_threshold(proba, given) == threshold


def test_uniform_images_and_tiny_classes_are_never_listed() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2] * 3)
    proba = np.full((43, 3), 0.02)
    proba[np.arange(43), labels] = 0.96
    # Two of the first class and one of the last look like the second.
    proba[[3, 4, 42]] = 0.005, 0.99, 0.005
    assert detect_label_issues(proba, labels).index.tolist() == [3, 4]
    assert detect_label_issues(proba, labels, np.arange(43) == 3).index.tolist() == [4]


def test_probabilities_are_out_of_fold(digits: tuple, tmp_path: Path) -> None:
    images, labels = digits
    random = np.random.default_rng(0).permutation(labels)
    proba = out_of_fold_proba(images, random, 10, SHAPE, 0, tmp_path)
    assert np.mean(proba.argmax(axis=1) == random) < 0.15


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 64, 40), (1, 1, 8), (1, 8, 1), (1, 1, 1), (3, 2, 90)])
def test_images_of_any_size(shape: tuple[int, int, int], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = random.integers(0, 100, (60, np.prod(shape))) + 70 * labels[:, None]
    proba = out_of_fold_proba(images.astype(np.uint8), labels, 3, shape, 0, tmp_path)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("labels", [[0] * 40 + [1] * 2, [0, 0, 1]])
def test_classes_smaller_than_the_number_of_folds_have_no_issues(labels: list[int], tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 64), np.uint8)
    proba = out_of_fold_proba(images, np.array(labels), 2, (1, 8, 8), 0, tmp_path)
    assert detect_label_issues(proba, np.array(labels)).index.tolist() == []
    # Temporary files are deleted.
    assert list(tmp_path.iterdir()) == []
