"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021) over out-of-fold predictions."""

from typing import NamedTuple

import numpy as np

from cifarbench.audit.views import small
from cifarbench.features import patches
from cifarbench.features.inputs import Inputs

# Of scikit-learn's folds, and of the patches whose presence a linear model goes by.
FOLDS = 5
PATCHES = {"n_patches": 300, "size": 6, "method": "random", "threshold": 0.25, "pooling": 2, "power": 1.0}
# Few images can't fill many weights.
FEW_IMAGES, FEW_PATCHES = 5000, 80
RIDGE = 0.05


class Doubts(NamedTuple):
    """Labels that are likely wrong, the surest first, (M,) each: the image, its likelier class, and how sure that is.

    accuracy: of the predictions that they rest on.
    """

    place: np.ndarray
    likely: np.ndarray
    score: np.ndarray
    accuracy: float


def doubt(proba: np.ndarray, labels: np.ndarray) -> Doubts:
    """The labels that confident learning would prune.

    proba: (N, n_classes), what was predicted of each image by a model that was not fitted to it. labels: (N,) int.
    The score is the likely class's probability less the given one's, brought from [-1, 1] to [0, 1].
    """
    # Imported here: it takes seconds, and the features don't need it.
    from cleanlab.filter import find_label_issues

    predicted = proba.argmax(axis=1)
    found = find_label_issues(
        labels, proba, filter_by="prune_by_noise_rate", return_indices_ranked_by="normalized_margin", n_jobs=1
    ).astype(np.int64)
    rows = np.arange(len(labels))
    margin = (proba[rows, predicted] - proba[rows, labels] + 1) / 2
    found = found[predicted[found] != labels[found]]
    found = found[np.argsort(-margin[found], kind="stable")]
    return Doubts(found, predicted[found], margin[found].astype(float), float(np.mean(predicted == labels)))


def out_of_fold(
    images: np.ndarray, labels: np.ndarray, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> np.ndarray:
    """Probabilities (N, n_classes) float64 of each image, by models fitted to the other folds.

    images: (N, C*H*W) uint8. A linear model by least squares on the presence of random patches (Coates and Ng 2011),
    which learn from no label; it costs seconds, and is right more often than neighbours on pixels or a perceptron.
    """
    values = _described(images, labels, n_classes, image_shape, seed)
    folds = _folds(labels, seed)
    targets = np.eye(n_classes, dtype=np.float32)[labels]
    products = [(part := values[folds == fold]).T @ part for fold in range(FOLDS)]
    sums = [values[folds == fold].T @ targets[folds == fold] for fold in range(FOLDS)]
    penalty = RIDGE * len(values) * np.eye(values.shape[1], dtype=np.float32)
    scores = np.empty((len(values), n_classes))
    for fold in range(FOLDS):
        others = [other for other in range(FOLDS) if other != fold]
        total = sum(products[other] for other in others) + penalty
        weights = np.linalg.solve(total, sum(sums[other] for other in others))
        scores[folds == fold] = values[folds == fold] @ weights
    return _probabilities(scores, labels)


def _described(
    images: np.ndarray, labels: np.ndarray, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> np.ndarray:
    """The presence of patches in images, each standardised, and a one: (N, D) float32."""
    few, shape = small(images, image_shape)
    settings = PATCHES | ({"n_patches": FEW_PATCHES} if len(images) < FEW_IMAGES else {})
    settings["size"] = min(settings["size"], *shape[1:])
    settings["pooling"] = max(1, min(2, min(shape[1:]) - settings["size"] + 1))
    state = patches.fit(Inputs(few, np.arange(len(few)), labels, n_classes, shape, seed), settings)
    values = patches.transform(few, state, settings, shape)
    values -= values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-3)
    return np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)


def _folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """Which fold an image is in, (N,): each has its share of every class."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), np.int64)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds


def _probabilities(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Scores as probabilities, at the temperature that suits the labels best."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax, softmax

    rows = np.arange(len(labels))

    def surprise(log_scale: float) -> float:
        return -log_softmax(np.exp(log_scale) * scores, axis=1)[rows, labels].mean()

    found = minimize_scalar(surprise, bounds=(-1, 5), method="bounded")
    return softmax(np.exp(found.x) * scores, axis=1)
