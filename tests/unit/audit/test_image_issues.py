"""Images that are odd by themselves."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cifarbench.audit.image_issues import class_counts_and_means, find_image_issues
from helpers.photographs import SHAPE, row, seen, tiles


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    return np.stack([row(seen(tile)) for tile in tiles()])


def found(images: np.ndarray, labels: np.ndarray | None = None) -> dict[str, list[int]]:
    labels = np.zeros(len(images), int) if labels is None else labels
    by_reason: dict[str, list[int]] = {}
    for one in find_image_issues(images, labels, SHAPE, threads=1):
        by_reason.setdefault(one.issue, []).append(one.index)
    return by_reason


def test_constant_images(photographs: np.ndarray) -> None:
    images = photographs.copy()
    images[5], images[9] = 0, 200
    assert found(images)["low_information"] == [5, 9]


def test_images_that_were_cut_off(photographs: np.ndarray) -> None:
    images = photographs.copy().reshape(-1, *SHAPE)
    for place, rows in ((4, 16), (8, 24), (15, 12)):
        # As libraries fill up what is missing of a JPEG.
        images[place, :, rows:] = 128
    # In the midst of a row of a decoder's blocks, whose edges are a little off.
    images[21, :, 16:, 10:] = 128
    images[21, :, 22:] = 128
    images[21, :, 15, 20:24] = 128
    assert found(images.reshape(len(images), -1))["truncated"] == [15, 4, 21, 8]


def test_whole_photographs_are_not_broken(photographs: np.ndarray) -> None:
    assert not {"truncated", "low_information"} & set(found(photographs))


def test_a_photograph_among_handwriting(photographs: np.ndarray) -> None:
    digits, labels = load_digits(return_X_y=True)
    written = (
        np.kron(digits.reshape(-1, 8, 8) * 15.9, np.ones((4, 4))).astype(np.uint8).reshape(len(digits), 1, -1)
    )
    images = np.repeat(written, 3, axis=1).reshape(len(digits), -1)
    # The same photograph in two classes: each is looked at by itself.
    images[[3, 40]] = photographs[20]
    alone = found(images, labels)["outlier"]
    assert set(alone[:2]) == {3, 40}
    assert len(alone) < 0.01 * len(images)


def test_classes_have_counts_and_means() -> None:
    images = np.array([[0, 10], [100, 30], [7, 8]], np.uint8)
    count, mean = class_counts_and_means(images, np.array([0, 0, 2]), 3)
    assert count.tolist() == [2, 0, 1]
    assert mean.tolist() == [[50, 20], [0, 0], [7, 8]]
