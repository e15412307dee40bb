"""Images of one colour, cut-off images and outliers."""

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
    for issue in find_image_issues(images, labels, SHAPE, threads=1):
        by_reason.setdefault(issue.issue, []).append(issue.index)
    return by_reason


def test_truncated_and_plain_images_are_found(photographs: np.ndarray) -> None:
    images = photographs.copy().reshape(-1, *SHAPE)
    for place, rows in ((4, 16), (8, 24), (15, 12)):
        # Decoders fill the missing part of a truncated JPEG with grey.
        images[place, :, rows:] = 128
    # A cut within a row of JPEG blocks, with slightly uneven edges.
    images[21, :, 16:, 10:] = 128
    images[21, :, 22:] = 128
    images[21, :, 15, 20:24] = 128
    images[5], images[9] = 0, 200
    issues = found(images.reshape(len(images), -1))
    assert (issues["truncated"], issues["low_information"]) == ([15, 4, 21, 8], [5, 9])
    assert not {"truncated", "low_information"} & set(found(photographs))


def test_a_photograph_among_handwriting_is_an_outlier(photographs: np.ndarray) -> None:
    digits, labels = load_digits(return_X_y=True)
    written = (
        np.kron(digits.reshape(-1, 8, 8) * 15.9, np.ones((4, 4))).astype(np.uint8).reshape(len(digits), 1, -1)
    )
    images = np.repeat(written, 3, axis=1).reshape(len(digits), -1)
    # The same photograph in two classes: each class is searched separately.
    images[[3, 40]] = photographs[20]
    alone = found(images, labels)["outlier"]
    assert set(alone[:2]) == {3, 40}
    assert len(alone) < 0.01 * len(images)


def test_classes_have_counts_and_means() -> None:
    images = np.array([[0, 10], [100, 30], [7, 8]], np.uint8)
    count, mean = class_counts_and_means(images, np.array([0, 0, 2]), 3)
    assert count.tolist() == [2, 0, 1]
    assert mean.tolist() == [[50, 20], [0, 0], [7, 8]]
