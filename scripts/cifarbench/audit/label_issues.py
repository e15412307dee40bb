"""Find labels that are likely wrong: confident learning (Northcutt et al. 2021) over out-of-fold predictions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifarbench.audit.descriptors import Rows, downscale_gray, hog_features, iter_blocks, resize
from cifarbench.features import patches
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.io.memmap import spill_to_memmap

# Classes that have fewer images than folds cannot be in every fold, and are not judged.
N_FOLDS = 5
# Share of the listed labels that must exceed the number expected by the predicted probabilities.
MIN_EXCESS = 0.2
# Images are resized to sides in this range, in pixels: every other position of a patch then suffices for any of them.
MIN_SIDE, MAX_SIDE = 8, 32
PATCH_PARAMS = {
    "n_patches": 100,
    "patch_size": 6,
    "stride": 2,
    "method": "random",
    "soft_threshold": 0.25,
    "n_pool": 2,
    "power": 1.0,
}
# Columns of the approximated kernel matrix: a quarter of the images, within these bounds.
MIN_LANDMARKS, MAX_LANDMARKS = 600, 1000
CLASSIFIER_PARAMS = {"C": 10.0, "tol": 1e-3}


@dataclass(frozen=True)
class LabelIssues:
    """Labels that are likely wrong, the most confident first, (M,) each: the image, its predicted class, the score.

    accuracy: share of all labels that agree with the out-of-fold predictions.
    """

    index: np.ndarray
    predicted_label: np.ndarray
    score: np.ndarray
    accuracy: float


def detect_label_issues(
    proba: np.ndarray, labels: np.ndarray, empty: np.ndarray | None = None
) -> LabelIssues:
    """Return the labels that confident learning prunes, down to `surprise_threshold`.

    The score is 1 less the probability of the given class (cleanlab's self-confidence). Classes with at most N_FOLDS
    images are not checked.

    Parameters
    ----------
    proba : (N, n_classes) out-of-fold probabilities.
    labels : (N,) int.
    empty : (N,) bool, images of one colour, whose labels are not checked; none by default.
    """
    # Imported here because it takes seconds.
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    predicted, given = proba.argmax(axis=1), get_label_quality_scores(labels, proba)
    is_checked = np.bincount(labels, minlength=proba.shape[1])[labels] > N_FOLDS
    if empty is not None:
        is_checked &= ~empty
    pruned = find_label_issues(labels, proba, filter_by="prune_by_class", n_jobs=1)
    surprising = given <= surprise_threshold(proba[is_checked], given[is_checked])
    index = np.flatnonzero(pruned & (predicted != labels) & is_checked & surprising)
    index = index[np.argsort(given[index], kind="stable")]
    return LabelIssues(index, predicted[index], 1 - given[index], float(np.mean(predicted == labels)))


def surprise_threshold(proba: np.ndarray, given: np.ndarray) -> float:
    """Return the highest probability of a given class up to which more labels are found than expected.

    If all labels were right and the probabilities calibrated, the sum of all probabilities up to p would be the
    expected number of labels with a probability of at most p. Without this threshold a weak model would list a fifth
    of all labels. proba: (N, n_classes). given: (N,), the probability of the given class.
    """
    values, given = np.sort(proba, axis=None), np.sort(given)
    below = np.searchsorted(values, given, side="right")
    expected = np.concatenate([[0.0], np.cumsum(values)])[below]
    excess = 1 - expected / np.arange(1, len(given) + 1)
    return max(given[excess >= MIN_EXCESS], default=0.0)


def out_of_fold_proba(
    images: Rows,
    labels: np.ndarray,
    n_classes: int,
    image_shape: tuple[int, int, int],
    seed: int,
    folder: Path,
) -> np.ndarray:
    """Return the probabilities (N, n_classes) float64 of images (N, C*H*W) uint8, fitted to the other folds.

    The features are those of the types `patches` and `hog`, mapped to an approximate Gaussian kernel; the classifier is
    a multinomial logistic regression. Up to 12 kB per image are in temporary files in `folder`.
    """
    from sklearn.linear_model import LogisticRegression

    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    folds = np.empty(len(labels), int)
    folds[order] = np.arange(len(labels)) % N_FOLDS
    features = spill_to_memmap(_features(images, labels, n_classes, image_shape, seed, folder), folder)
    values = spill_to_memmap(_kernel_features(features, seed), folder)
    proba = np.zeros((len(labels), n_classes))
    for fold in np.unique(folds):
        # Weights of 0 leave the fold out without a copy of the other rows.
        classifier = LogisticRegression(**CLASSIFIER_PARAMS)
        classifier.fit(values, labels, sample_weight=(folds != fold).astype(np.float32))
        rows = np.flatnonzero(folds == fold)
        proba[rows[:, None], classifier.classes_] = classifier.predict_proba(values[rows])
    return proba


def _features(
    images: Rows,
    labels: np.ndarray,
    n_classes: int,
    image_shape: tuple[int, int, int],
    seed: int,
    folder: Path,
) -> Iterator[np.ndarray]:
    """Yield blocks of the features of the types `patches` and `hog`, float32, of resized images."""
    height, width = (min(max(side, MIN_SIDE), MAX_SIDE) for side in image_shape[1:])
    shape = image_shape[0], height, width
    resized = (
        np.rint(resize(block, image_shape, shape[1:])).astype(np.uint8).reshape(len(block), -1)
        for _, block in iter_blocks(images)
    )
    small_images = spill_to_memmap(resized, folder)
    inputs = FitInputs(small_images, np.arange(len(small_images)), labels, n_classes, shape, seed)
    state = patches.fit(inputs, PATCH_PARAMS)
    for _, block in iter_blocks(small_images):
        responses = patches.transform(block, state, PATCH_PARAMS, shape)
        yield np.hstack([responses, hog_features(downscale_gray(block, shape))])


def _kernel_features(features: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield blocks of rows whose products are a Gaussian kernel (Nyström; Williams and Seeger 2001), float32."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = min(len(features), max(MIN_LANDMARKS, min(MAX_LANDMARKS, len(features) // 4)))
    landmarks = np.sort(np.random.default_rng(seed).choice(len(features), count, replace=False))
    # Standardized features have a mean squared distance of twice their number.
    gaussian = Nystroem(gamma=0.5 / features.shape[1], n_components=count, random_state=seed)
    kernel = make_pipeline(StandardScaler(), gaussian)
    # In float64, because rounding errors in float32 would separate images that are nearly the same.
    kernel.fit(features[landmarks].astype(np.float64))
    for _, block in iter_blocks(features):
        yield kernel.transform(block.astype(np.float64)).astype(np.float32)
