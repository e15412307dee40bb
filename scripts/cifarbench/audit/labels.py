"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021) over out-of-fold predictions."""

from typing import NamedTuple

import numpy as np

from cifarbench.audit.images import outlines_and_colours
from cifarbench.audit.views import BLOCK_ROWS, small
from cifarbench.features import patches
from cifarbench.features.inputs import Inputs

FOLDS = 5
# What images are described by besides outlines and colours: the presence of patches, which learn from no label.
PATCHES = {"n_patches": 300, "size": 6, "method": "random", "threshold": 0.25, "pooling": 2, "power": 1.0}
# Few images can't fill many weights.
FEW_IMAGES, FEW_PATCHES = 5000, 80
# Images that others are held against: of few images a quarter, but FEW_LANDMARKS at least.
LANDMARKS, FEW_LANDMARKS = 1000, 600
# What may be added to the variance of each of the values that come of it.
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
# A label is listed, too, if the models hold it for less likely than this, and another for likelier.
SURPRISING = 0.05


class Doubts(NamedTuple):
    """Labels that are likely wrong, the surest first, (M,) each: the image, its likelier class, and how sure that is.

    accuracy: of the predictions that they rest on.
    """

    place: np.ndarray
    likely: np.ndarray
    score: np.ndarray
    accuracy: float


def doubt(proba: np.ndarray, labels: np.ndarray, empty: np.ndarray | None = None) -> Doubts:
    """The labels that confident learning would prune, and those that would surprise the models most.

    proba: (N, n_classes), what was predicted of each image by models that were not fitted to it. labels: (N,) int.
    empty: (N,) bool, images that show nothing, so that no label of theirs is right or wrong; none unless given.
    The score is 1 less the probability of the given class (cleanlab's self-confidence): if nothing is known of how
    labels come to be wrong, the wrong ones are those that are least likely given the image. Classes that are too small
    to be missing one image in each fold are not judged.
    """
    # Imported here: it takes seconds, and the features don't need it.
    from cleanlab.filter import find_label_issues

    predicted, given = proba.argmax(axis=1), proba[np.arange(len(labels)), labels]
    pruned = find_label_issues(labels, proba, filter_by="prune_by_noise_rate", n_jobs=1)
    judged = np.bincount(labels, minlength=proba.shape[1])[labels] > FOLDS
    if empty is not None:
        judged &= ~empty
    found = np.flatnonzero((pruned | (given < SURPRISING)) & (predicted != labels) & judged)
    found = found[np.argsort(given[found], kind="stable")]
    return Doubts(found, predicted[found], 1 - given[found], float(np.mean(predicted == labels)))


def out_of_fold(
    images: np.ndarray, labels: np.ndarray, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> np.ndarray:
    """Probabilities (N, n_classes) float64 of each image, by models fitted to the other folds.

    images: (N, C*H*W) uint8. Two regressions on Gaussian kernels, one of the presence of random patches (Coates and
    Ng 2011), one of outlines and coarse colours, weighed against each other so that the labels surprise least. They
    cost seconds, and are right more often than neighbours on pixels, a perceptron, or a linear model of patches.
    """
    folds = _folds(labels, seed)
    # One after the other: descriptions by patches take much memory.
    kernel = _kernel(_patches(images, labels, n_classes, image_shape, seed), seed)
    scores = [_scores(kernel, labels, n_classes, folds)]
    kernel = _kernel(outlines_and_colours(images, image_shape), seed)
    scores.append(_scores(kernel, labels, n_classes, folds))
    return _weighed(scores, labels)


def _patches(
    images: np.ndarray, labels: np.ndarray, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> np.ndarray:
    """The presence of patches in images, each standardised: (N, D) float32."""
    few, shape = small(images, image_shape)
    settings = PATCHES | ({"n_patches": FEW_PATCHES} if len(images) < FEW_IMAGES else {})
    settings["size"] = min(settings["size"], *shape[1:])
    settings["pooling"] = max(1, min(2, min(shape[1:]) - settings["size"] + 1))
    state = patches.fit(Inputs(few, np.arange(len(few)), labels, n_classes, shape, seed), settings)
    values = patches.transform(few, state, settings, shape)
    values -= values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-3)
    return values


def _kernel(values: np.ndarray, seed: int) -> np.ndarray:
    """How near images are to some of them, by a Gaussian as wide as these are apart: (N, D) float32.

    Products of rows are the kernel, as nearly as by these images it can be (Williams and Seeger 2001, Nystroem).
    """
    random = np.random.default_rng(seed)
    count = min(LANDMARKS, max(FEW_LANDMARKS, len(values) // 4), len(values))
    chosen = values[np.sort(random.choice(len(values), count, replace=False))]
    lengths = np.square(chosen).sum(axis=1)

    def squares(rows: np.ndarray) -> np.ndarray:
        return np.maximum(np.square(rows).sum(axis=1)[:, None] + lengths - 2 * rows @ chosen.T, 0)

    among = squares(chosen)
    width = max(float(np.median(among[np.triu_indices(len(chosen), 1)])), 1e-6)
    strength, vectors = np.linalg.eigh(np.exp(-among / width).astype(np.float64))
    some = strength > 1e-6 * strength[-1]
    basis = (vectors[:, some] / np.sqrt(strength[some])).astype(np.float32)
    return np.concatenate(
        [
            np.exp(-squares(values[start : start + BLOCK_ROWS]) / width) @ basis
            for start in range(0, len(values), BLOCK_ROWS)
        ]
    )


def _scores(values: np.ndarray, labels: np.ndarray, n_classes: int, folds: np.ndarray) -> np.ndarray:
    """Of each image by least squares on the other folds, at the penalty that suits the labels best: (N, n_classes)."""
    targets = np.eye(n_classes, dtype=np.float32)[labels]
    ones = np.ones((len(values), 1), np.float32)
    parts = [np.concatenate([values[folds == fold], ones[folds == fold]], axis=1) for fold in range(FOLDS)]
    products = [(part.T @ part).astype(np.float64) for part in parts]
    sums = [part.T @ targets[folds == fold] for fold, part in enumerate(parts)]
    usual = np.trace(sum(products)) / len(products[0])
    scores = np.empty((len(PENALTIES), len(values), n_classes))
    for fold, part in enumerate(parts):
        others = [other for other in range(FOLDS) if other != fold]
        strength, vectors = np.linalg.eigh(sum(products[other] for other in others))
        answers, seen = vectors.T @ sum(sums[other] for other in others), part @ vectors
        for place, penalty in enumerate(PENALTIES):
            scores[place, folds == fold] = seen @ (answers / (strength + penalty * usual)[:, None])
    return min(scores, key=lambda one: _surprise([one], labels)[1])


def _weighed(scores: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Scores of several models as probabilities, at the weights that suit the labels best."""
    from scipy.special import softmax

    weights, _ = _surprise(scores, labels)
    return softmax(sum(weight * one for weight, one in zip(weights, scores, strict=True)), axis=1)


def _surprise(scores: list[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights of scores at which labels have the highest likelihood, and what they lack of it on average."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    rows = np.arange(len(labels))

    def lacking(logs: np.ndarray) -> float:
        total = sum(weight * one for weight, one in zip(np.exp(logs), scores, strict=True))
        return -log_softmax(total, axis=1)[rows, labels].mean()

    found = minimize(lacking, np.full(len(scores), 1.5), method="Nelder-Mead", options={"xatol": 0.01})
    return np.exp(found.x), float(found.fun)


def _folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """Which fold an image is in, (N,): each has its share of every class."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), np.int64)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds
