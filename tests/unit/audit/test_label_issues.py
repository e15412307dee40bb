"""Labels that were flipped on purpose are found again."""

from pathlib import Path

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from sklearn.datasets import load_digits

from cifarbench.audit.label_issues import detect_label_issues, surprise_threshold
from cifarbench.audit.out_of_fold import out_of_fold_proba

SHAPE = (1, 16, 16)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real handwriting, enlarged."""
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
    proba = out_of_fold_proba(images, given, 10, SHAPE, 0, tmp_path)
    least = np.argsort(proba[np.arange(len(given)), given])
    assert np.isin(least[: len(flipped)], flipped).mean() >= 0.95
    found = detect_label_issues(proba, given)
    # The list is as long as is worth a look, and what stands there is in this order.
    assert set(found.index[:10]) <= set(least[:12])
    assert np.isin(found.index, flipped).mean() >= 0.95
    assert np.isin(flipped, found.index).mean() >= 0.85
    of_flipped = np.isin(found.index, flipped)
    assert (found.predicted_label[of_flipped] == labels[found.index[of_flipped]]).mean() >= 0.95
    assert (np.diff(found.score) <= 0).all()


def test_right_labels_are_hardly_doubted(digits: tuple, tmp_path: Path) -> None:
    images, labels = digits
    found = detect_label_issues(out_of_fold_proba(images, labels, 10, SHAPE, 0, tmp_path), labels)
    assert len(found.index) < 0.01 * len(labels)
    assert found.accuracy > 0.95


def test_right_labels_are_hardly_doubted_by_weak_models_either(digits: tuple, tmp_path: Path) -> None:
    images, labels = digits
    random = np.random.default_rng(0)
    noise = random.normal(0, 200, images.shape)
    noisy = (images + noise).clip(0, 255).astype(np.uint8)
    proba = out_of_fold_proba(noisy, labels, 10, SHAPE, 0, tmp_path)
    found = detect_label_issues(proba, labels)
    assert 0.5 < found.accuracy < 0.8
    assert len(found.index) < 0.02 * len(labels)
    # Confident learning alone doubts very many.
    assert find_label_issues(labels, proba, n_jobs=1).mean() > 0.1


def test_labels_by_which_models_expect_to_be_surprised_are_not_listed() -> None:
    random = np.random.default_rng(0)
    proba = random.dirichlet(np.full(10, 0.3), 20_000)
    # Labels are drawn as the models say, so these err as often as they expect: on more than half of the images.
    labels = (random.random((20_000, 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(0, 9)
    doubted = find_label_issues(labels, proba, n_jobs=1).sum()
    assert doubted > 0.3 * len(labels)
    assert len(detect_label_issues(proba, labels).index) < 0.1 * doubted
    flipped = random.choice(20_000, 400, replace=False)
    labels[flipped] = proba[flipped].argmin(axis=1)
    assert np.isin(detect_label_issues(proba, labels).index[:400], flipped).mean() > 0.85


def test_the_bar_lies_where_a_tenth_of_the_labels_is_unexpected() -> None:
    # Of ten images that have one class at 0.1, one is expected to be of it.
    proba = np.tile([0.1, 0.9], (100, 1))
    given = np.full(100, 0.9)
    given[:10] = 0.1
    assert surprise_threshold(proba, given) == 0
    given[:12] = 0.1
    assert surprise_threshold(proba, given) == 0.1


def test_images_that_show_nothing_and_tiny_classes_are_not_judged() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2] * 3)
    proba = np.full((43, 3), 0.02)
    proba[np.arange(43), labels] = 0.96
    # Two of the first class and one of the last look like the second.
    proba[[3, 4, 42]] = 0.005, 0.99, 0.005
    assert detect_label_issues(proba, labels).index.tolist() == [3, 4]
    assert detect_label_issues(proba, labels, np.arange(43) == 3).index.tolist() == [4]


def test_no_image_is_judged_by_a_model_that_saw_its_label(digits: tuple, tmp_path: Path) -> None:
    """With labels at random there is nothing to learn: who still is right has looked."""
    images, labels = digits
    random = np.random.default_rng(0).permutation(labels)
    proba = out_of_fold_proba(images, random, 10, SHAPE, 0, tmp_path)
    assert np.mean(proba.argmax(axis=1) == random) < 0.15


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 64, 40)])
def test_images_of_any_size(shape: tuple[int, int, int], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = random.integers(0, 100, (60, np.prod(shape))) + 70 * labels[:, None]
    proba = out_of_fold_proba(images.astype(np.uint8), labels, 3, shape, 0, tmp_path)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_classes_too_small_for_the_folds_are_no_hindrance(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for labels in (np.array([0] * 40 + [1] * 2), np.array([0, 0, 1])):
        images = random.integers(0, 256, (len(labels), 64), np.uint8)
        proba = out_of_fold_proba(images, labels, 2, (1, 8, 8), 0, tmp_path)
        assert detect_label_issues(proba, labels).index.tolist() == []
    # What was written meanwhile is gone.
    assert list(tmp_path.iterdir()) == []
