"""Assign images to folds, to nested stratified subsets, and to random training and test sets."""

from pathlib import Path

import numpy as np

from cifarbench.errors import UserError
from cifarbench.planning.paths import SUBSET_PATTERN

# Fold number of an image that belongs to no fold.
NO_FOLD = 255


class TooFewImagesError(UserError):
    """A class has fewer training images than there are folds; the message begins with the number of folds."""


def make_split(
    labels: np.ndarray,
    name: str,
    seed: int,
    classes: list[str] | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Return the fold of each training image, or its rank in the nested order, as (N,) int.

    labels: (N,) int. name: `folds_of_3`; `order`; or `train_500_folds_of_3`, in which the images beyond the first 500
    are NO_FOLD. seed: of the order. classes: names for the message; numbers if None. groups: (N,) int; a group is in
    one fold.

    Raises TooFewImagesError if a class has fewer images than there are folds.
    """
    if name == "order":
        return nested_stratified_order(labels, seed)
    subset, _, n_folds = name.rpartition("folds_of_")
    rows = np.arange(len(labels))
    if subset:
        rows = np.flatnonzero(nested_stratified_order(labels, seed) < _subset_size(subset))
    folds = np.full(len(labels), NO_FOLD, np.uint8)
    rows_groups = None if groups is None else groups[rows]
    folds[rows] = stratified_folds(labels[rows], int(n_folds), classes, rows_groups)
    return folds


def split_indices(subset: str, n_train: int, split: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the training images in a subset, and of those that its fold leaves out, ascending.

    split: the array of `make_split` that `paths.split_of_subset` names for the subset; None for all images.
    """
    if split is None:
        # int32 takes half the memory of numpy's default.
        return np.arange(n_train, dtype=np.int32), np.arange(0)
    match = SUBSET_PATTERN.fullmatch(subset)
    assert match, subset
    first, fold, _ = match.groups()
    if fold is None:
        return np.flatnonzero(split < _subset_size(first)), np.arange(0)
    left_out = split == int(fold)
    return np.flatnonzero(~left_out & (split != NO_FOLD)), np.flatnonzero(left_out)


def load_split_indices(subset: str, n_train: int, files: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the same indices; the array of `make_split` is read from the one file, if there is one."""
    return split_indices(subset, n_train, np.load(files[0]) if files else None)


def rows_beyond(n_first: int, rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the rows that are not among the first `n_first` of an order of all training images."""
    return rows[order[rows] >= n_first]


def stratified_folds(
    labels: np.ndarray, n_folds: int, classes: list[str] | None = None, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return the fold, 0 … n_folds - 1, in which each training image is validated: (N,) uint8.

    The folds are those of scikit-learn's StratifiedKFold without shuffling, GridSearchCV's default for classifiers;
    with groups, those of StratifiedGroupKFold, which has no group in two folds.

    labels: (N,) int. classes: names for the message. groups: (N,) int. Raises TooFewImagesError if a class has fewer
    images than folds.
    """
    # Not at the top, since orders do not need scikit-learn.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    rarest = present[counts[present].argmin()]
    count = counts[rarest]
    if count < n_folds:
        name = classes[rarest] if classes else rarest
        fewer = f"set folds to at most {count}, " if count > 1 else ""
        raise TooFewImagesError(
            f"{n_folds}, but the class {name} has {count} training image{'s' if count > 1 else ''}; give it {n_folds} "
            f"or more, {fewer}or remove tune."
        )
    folds = np.empty(len(labels), np.uint8)
    splitter = StratifiedKFold(n_folds) if groups is None else StratifiedGroupKFold(n_folds)
    for fold, (_, validation) in enumerate(splitter.split(np.zeros(len(labels)), labels, groups)):
        folds[validation] = fold
    return folds


def nested_stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return the rank of each image in a random order whose first n hold every class in proportion: (N,) int64.

    The i-th of a class's m images is near position (i + 1/2) / m of the whole.
    """
    random = np.random.default_rng(seed)
    positions = np.empty(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        positions[random.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    # Equal positions are ordered at random.
    order = np.lexsort((random.random(len(labels)), positions))
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels))
    return ranks


def random_resplit(train_labels: np.ndarray, test_labels: np.ndarray, seed: list[int]) -> np.ndarray:
    """Return a random order of all images, (N,) int64, in which each position keeps the class of its image.

    So every class has as many training and test images as before. train_labels, test_labels: (N,) int. Indices are
    those of the training images followed by the test images.
    """
    random = np.random.default_rng(seed)
    labels = np.concatenate([train_labels, test_labels])
    order = np.arange(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order[rows] = random.permutation(rows)
    return order


def _subset_size(subset: str) -> int:
    return int(subset.removeprefix("train_").rstrip("_"))
