"""Labels that were flipped on purpose are found again."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cifarbench.audit.labels import doubt, out_of_fold

SHAPE = (1, 16, 16)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real handwriting, enlarged."""
    images, labels = load_digits(return_X_y=True)
    images = np.kron(images.reshape(-1, 8, 8) * 15.9, np.ones((2, 2))).astype(np.uint8)
    return images.reshape(len(images), -1), labels


@pytest.mark.parametrize("share", [0.01, 0.05, 0.10])
def test_flipped_labels_are_found(digits: tuple, share: float) -> None:
    images, labels = digits
    random = np.random.default_rng(1)
    flipped = random.choice(len(labels), round(share * len(labels)), replace=False)
    given = labels.copy()
    given[flipped] = (labels[flipped] + random.integers(1, 10, len(flipped))) % 10
    found = doubt(out_of_fold(images, given, 10, SHAPE, seed=0), given)
    first = found.place[: len(flipped)]
    assert np.isin(first, flipped).mean() >= 0.9
    assert np.isin(flipped, found.place).mean() >= 0.85
    of_flipped = np.isin(found.place, flipped)
    assert (found.likely[of_flipped] == labels[found.place[of_flipped]]).mean() >= 0.95
    assert (np.diff(found.score) <= 0).all()


def test_right_labels_are_hardly_doubted(digits: tuple) -> None:
    images, labels = digits
    found = doubt(out_of_fold(images, labels, 10, SHAPE, seed=0), labels)
    assert len(found.place) < 0.01 * len(labels)
    assert found.accuracy > 0.95


def test_images_that_show_nothing_and_tiny_classes_are_not_judged() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2] * 3)
    proba = np.full((43, 3), 0.02)
    proba[np.arange(43), labels] = 0.96
    # Two of the first class and one of the last look like the second.
    proba[[3, 4, 42]] = 0.005, 0.99, 0.005
    assert doubt(proba, labels).place.tolist() == [3, 4]
    assert doubt(proba, labels, np.arange(43) == 3).place.tolist() == [4]


def test_no_image_is_judged_by_a_model_that_saw_its_label(digits: tuple) -> None:
    """With labels at random there is nothing to learn: who still is right has looked."""
    images, labels = digits
    random = np.random.default_rng(0).permutation(labels)
    proba = out_of_fold(images, random, 10, SHAPE, seed=0)
    assert np.mean(proba.argmax(axis=1) == random) < 0.15


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 64, 40)])
def test_images_of_any_size(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = random.integers(0, 100, (60, np.prod(shape))) + 70 * labels[:, None]
    proba = out_of_fold(images.astype(np.uint8), labels, 3, shape, seed=0)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
