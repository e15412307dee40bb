"""Parts of the images: folds of cross-validation, the first n of one stratified order, and other test images."""

import numpy as np

from cifarbench.errors import UserError
from cifarbench.planning.paths import SUBSET_PATTERN

# What an image has in place of a fold if it belongs to none.
NO_FOLD = 255


def make_split(labels: np.ndarray, division: str, seed: int) -> np.ndarray:
    """What each training image is in a division, (N,) int: its fold, or its place in the order.

    labels: (N,) int. division: `folds_of_3`; `order`; or `train_500_folds_of_3`, in which the others are NO_FOLD.
    seed: of the order. Raises UserError if a class has fewer images than there are folds.
    """
    if division == "order":
        return nested_stratified_order(labels, seed)
    first, _, n_folds = division.rpartition("folds_of_")
    if not first:
        return stratified_folds(labels, int(n_folds))
    rows = np.flatnonzero(nested_stratified_order(labels, seed) < _count(first))
    folds = np.full(len(labels), NO_FOLD, np.uint8)
    folds[rows] = stratified_folds(labels[rows], int(n_folds))
    return folds


def split_indices(part: str, n_train: int, division: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The training images that belong to a part, and those that a fold leaves out: indices, ascending.

    division: what `divide` made of the one that `layout.division_of` names.
    """
    if division is None:
        # Half the memory of what else numpy counts with.
        return np.arange(n_train, dtype=np.int32), np.arange(0)
    first, fold, _ = SUBSET_PATTERN.fullmatch(part).groups()
    if fold is None:
        return np.flatnonzero(division < _count(first)), np.arange(0)
    left_out = division == int(fold)
    return np.flatnonzero(~left_out & (division != NO_FOLD)), np.flatnonzero(left_out)


def rows_beyond(n_first: int, rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the rows that are not among the first `n_first` of an order of all training images."""
    return rows[order[rows] >= n_first]


def stratified_folds(labels: np.ndarray, n_folds: int) -> np.ndarray:
    """The fold, 0 … n_folds - 1, that leaves each training image out for validation: (N,) uint8.

    The folds are those of scikit-learn's StratifiedKFold without shuffling, which GridSearchCV takes for a
    classifier by default.

    labels: (N,) int. Raises UserError if a class has fewer images than there are folds.
    """
    # Orders need no scikit-learn.
    from sklearn.model_selection import StratifiedKFold

    smallest = np.unique(labels, return_counts=True)[1].min()
    if smallest < n_folds:
        raise UserError(
            f"folds is {n_folds}, but a class has only {smallest} training images; "
            f"set folds to at most {smallest}, or give more images."
        )
    folds = np.empty(len(labels), np.uint8)
    for fold, (_, validation) in enumerate(StratifiedKFold(n_folds).split(np.zeros(len(labels)), labels)):
        folds[validation] = fold
    return folds


def nested_stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """The place of each image in a random order whose first n hold every class in proportion, for any n: (N,) int64.

    An image that is the i-th of its class's m stands near (i + 1/2) / m of the whole.
    """
    random = np.random.default_rng(seed)
    places = np.empty(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        places[random.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    # Of equal places, by chance.
    order = np.lexsort((random.random(len(labels)), places))
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels))
    return ranks


def random_resplit(train_labels: np.ndarray, test_labels: np.ndarray, seed: list[int]) -> np.ndarray:
    """Another division of all images into training and test images, at random: (N,) int64, training images first.

    A position holds an image of the class that it held before, so every class has as many of each as it had.

    train_labels, test_labels: (N,) int. Indices are those of the training images followed by the test images.
    """
    random = np.random.default_rng(seed)
    labels = np.concatenate([train_labels, test_labels])
    order = np.arange(len(labels))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        order[places] = random.permutation(places)
    return order


def _count(first: str) -> int:
    return int(first.removeprefix("train_").rstrip("_"))
