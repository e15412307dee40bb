"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021) over out-of-fold predictions."""

from typing import NamedTuple

import numpy as np

# Classes that are too small to be missing an image in each of so many parts are not judged.
N_FOLDS = 5
# Of the labels that are listed, the share at least that is more than the models would be surprised by anyway.
MIN_EXCESS = 0.1


class LabelIssues(NamedTuple):
    """Labels that are likely wrong, the surest first, (M,) each: the image, its likelier class, and how sure that is.

    accuracy: of the predictions that they rest on.
    """

    index: np.ndarray
    predicted_label: np.ndarray
    score: np.ndarray
    accuracy: float


def detect_label_issues(
    proba: np.ndarray, labels: np.ndarray, empty: np.ndarray | None = None
) -> LabelIssues:
    """The labels that confident learning would prune, as far as they surprise the models more than right ones would.

    proba: (N, n_classes), what was predicted of each image by models that were not fitted to it. labels: (N,) int.
    empty: (N,) bool, images that show nothing, so that no label of theirs is right or wrong; none unless given.
    The score is 1 less the probability of the given class (cleanlab's self-confidence): if nothing is known of how
    labels come to be wrong, the wrong ones are those that are least likely given the image. Classes that are too small
    to be missing one image in each fold are not judged.
    """
    # Imported here: it takes seconds, and the features don't need it.
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    predicted, given = proba.argmax(axis=1), get_label_quality_scores(labels, proba)
    judged = np.bincount(labels, minlength=proba.shape[1])[labels] > N_FOLDS
    if empty is not None:
        judged &= ~empty
    pruned = find_label_issues(labels, proba, filter_by="prune_by_class", n_jobs=1)
    listed = (
        pruned & (predicted != labels) & judged & (given <= surprise_threshold(proba[judged], given[judged]))
    )
    found = np.flatnonzero(listed)
    found = found[np.argsort(given[found], kind="stable")]
    return LabelIssues(found, predicted[found], 1 - given[found], float(np.mean(predicted == labels)))


def surprise_threshold(proba: np.ndarray, given: np.ndarray) -> float:
    """The highest probability of a given class up to which labels are more surprising than right ones would be.

    proba: (N, n_classes). given: (N,), of these, that of each image's label. Were all labels right, and probabilities
    what they say, then of the classes that are held for p likely a share p would be the label: the sum of all
    probabilities up to p is how many labels as unlikely as that to expect. Weak models, of which confident learning
    suspects a fifth of all labels though all are right, say by this themselves how often they err.
    """
    values, given = np.sort(proba, axis=None), np.sort(given)
    below = np.searchsorted(values, given, side="right")
    expected = np.concatenate([[0.0], np.cumsum(values)])[below]
    unexpected = 1 - expected / np.arange(1, len(given) + 1)
    return max(given[unexpected >= MIN_EXCESS], default=0.0)
