"""Folds, and nested stratified subsets of the training images."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from cifarbench.data.splits import NO_FOLD, TooFewImagesError, make_split, split_indices
from cifarbench.planning.paths import split_of_subset

LABELS = np.random.default_rng(0).choice(4, 400, p=[0.4, 0.3, 0.2, 0.1])


def rows(subset: str) -> tuple[np.ndarray, np.ndarray]:
    name = split_of_subset(subset)
    return split_indices(subset, len(LABELS), make_split(LABELS, name, seed=3) if name else None)


def test_the_subset_all_has_all_images():
    fitted, left_out = rows("all")
    assert fitted.tolist() == list(range(400))
    assert len(left_out) == 0


def test_folds_equal_those_of_scikit_learn():
    for fold, (train, validation) in enumerate(StratifiedKFold(3).split(LABELS, LABELS)):
        fitted, left_out = rows(f"fold_{fold}_of_3")
        np.testing.assert_array_equal(fitted, train)
        np.testing.assert_array_equal(left_out, validation)


@pytest.mark.parametrize("n", [40, 100, 390])
def test_subsets_are_stratified(n):
    fitted, _ = rows(f"train_{n}")
    assert len(fitted) == n
    share = np.bincount(LABELS[fitted], minlength=4) / n
    np.testing.assert_allclose(share, np.bincount(LABELS) / 400, atol=2 / n)


def test_subsets_are_nested_and_depend_on_the_seed():
    first = set(rows("train_50")[0])
    assert first < set(rows("train_200")[0])
    assert first != set(split_indices("train_50", 400, make_split(LABELS, "order", seed=4))[0])


def test_folds_of_a_subset_partition_it():
    first = set(rows("train_90")[0])
    parts = [rows(f"train_90_fold_{fold}_of_3") for fold in range(3)]
    for fitted, left_out in parts:
        assert set(fitted) | set(left_out) == first
        assert not set(fitted) & set(left_out)
    assert sum(len(left_out) for _, left_out in parts) == 90
    assert np.count_nonzero(make_split(LABELS, "train_90_folds_of_3", seed=3) == NO_FOLD) == 310


@pytest.mark.parametrize(("count", "remedy"), [(1, "or "), (2, "set folds to at most 2, or ")])
def test_class_with_fewer_images_than_folds_is_named(count, remedy):
    labels = np.array([0] * 9 + [1] * count)
    images = "image" + "s" * (count > 1)
    sentence = (
        f"^3, but the class bee has {count} training {images}; give it 3 or more, {remedy}remove tune.$"
    )
    for name in ("folds_of_3", f"train_{9 + count}_folds_of_3"):
        with pytest.raises(TooFewImagesError, match=sentence):
            make_split(labels, name, seed=0, classes=["ant", "bee"])
