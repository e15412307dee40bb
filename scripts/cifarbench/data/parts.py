"""The folds of cross-validation."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from cifarbench.study.errors import UserError


def assign_folds(labels: np.ndarray, n_folds: int) -> np.ndarray:
    """The fold, 0 … n_folds - 1, that leaves each training image out for validation: (N,) uint8.

    The folds are those of scikit-learn's StratifiedKFold without shuffling, which GridSearchCV takes for a
    classifier by default.

    labels: (N,) int. Raises UserError if a class has fewer images than there are folds.
    """
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
