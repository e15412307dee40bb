"""The folds of cross-validation."""

import numpy as np

from cifarbench.errors import UserError


def validation_rows(labels: np.ndarray, fold: int, n_folds: int) -> np.ndarray:
    """Indices (M,) of the training images that fold `fold` of `n_folds` leaves out for validation.

    The folds are those of scikit-learn's StratifiedKFold without shuffling, which GridSearchCV takes for a
    classifier by default.

    labels: (N,) int. Raises UserError if a class has fewer images than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    smallest = np.unique(labels, return_counts=True)[1].min()
    if smallest < n_folds:
        raise UserError(
            f"folds is {n_folds}, but a class has only {smallest} training images; "
            f"set folds to at most {smallest}, or give more images."
        )
    splits = StratifiedKFold(n_folds).split(np.zeros(len(labels)), labels)
    return [validation for _, validation in splits][fold]


def smallest_training_part(n_images: int, n_folds: int) -> int:
    """How many of `n_images` are left for training in the fold that leaves out the most."""
    return n_images - -(-n_images // n_folds)
