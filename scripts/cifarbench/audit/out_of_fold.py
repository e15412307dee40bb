"""What models that have not seen an image say of it: two kernel regressions, which labels are held against."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.audit.descriptors import DownscaledRGB, Rows, iter_blocks
from cifarbench.audit.image_issues import BATCH_SIZE, hog_and_color_features
from cifarbench.audit.label_issues import N_FOLDS
from cifarbench.features import patches
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.io.memmap import spill_to_memmap

# What images are described by besides outlines and colours: the presence of patches, which learn from no label. Every
# other position tells wrong labels as well as all of them.
PATCH_PARAMS = {
    "n_patches": 300,
    "patch_size": 6,
    "stride": 2,
    "method": "random",
    "soft_threshold": 0.25,
    "n_pool": 2,
    "power": 1.0,
}
# Few images can't fill many weights.
SMALL_DATASET, N_PATCHES_SMALL = 5000, 80
# Images that others are held against: of few images a quarter, but N_LANDMARKS_SMALL at least.
N_LANDMARKS, N_LANDMARKS_SMALL = 1000, 600
# What may be added to the variance of each of the values that come of it.
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)

# Images (n, C*H*W) uint8 -> (n, D) float32.
Describe = Callable[[np.ndarray], np.ndarray]


def out_of_fold_proba(
    images: Rows,
    labels: np.ndarray,
    n_classes: int,
    image_shape: tuple[int, int, int],
    seed: int,
    folder: Path,
) -> np.ndarray:
    """Probabilities (N, n_classes) float64 of each image, by models fitted to the other folds.

    images: (N, C*H*W) uint8, looked at a block at a time. folder: where 4 kB an image are written meanwhile. Two
    regressions on Gaussian kernels, one of the presence of random patches (Coates and Ng 2011), one of outlines and
    coarse colours, weighed against each other so that the labels surprise least. They cost seconds, and are right more
    often than neighbours on pixels, a perceptron, or a linear model of patches. Of an image, 40 bytes a class are in
    memory.
    """
    from sklearn.preprocessing import StandardScaler

    folds = _folds(labels, seed)
    descriptions: list[tuple[Describe, list[Any]]] = [
        (_patches(images, labels, n_classes, image_shape, seed), [StandardScaler()]),
        (lambda block: hog_and_color_features(block, image_shape), []),
    ]
    scores = [
        _scores(spill_to_memmap(_kernel(images, describe, steps, seed), folder), labels, n_classes, folds)
        for describe, steps in descriptions
    ]
    return _weighed(scores, labels)


def _patches(
    images: Rows, labels: np.ndarray, n_classes: int, image_shape: tuple[int, int, int], seed: int
) -> Describe:
    """The presence of patches in images."""
    few = DownscaledRGB(images, image_shape)
    shape = few.image_shape
    settings = PATCH_PARAMS | ({"n_patches": N_PATCHES_SMALL} if len(images) < SMALL_DATASET else {})
    settings["patch_size"] = min(settings["patch_size"], *shape[1:])
    settings["n_pool"] = min(
        2, patches.count_positions(min(shape[1:]), settings["patch_size"], settings["stride"])
    )
    state = patches.fit(FitInputs(few, np.arange(len(few)), labels, n_classes, shape, seed), settings)
    return lambda block: patches.transform(few.reduced(block), state, settings, shape)


def _kernel(images: Rows, describe: Describe, steps: list[Any], seed: int) -> Iterator[np.ndarray]:
    """How near images are to some of them, by a Gaussian as wide as these are apart, and 1: (n, D) float32, by blocks.

    Products of rows are the kernel, as nearly as by these images it can be (Williams and Seeger 2001). steps: what
    descriptions go through before.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.metrics.pairwise import euclidean_distances
    from sklearn.pipeline import make_pipeline

    count = min(N_LANDMARKS, max(N_LANDMARKS_SMALL, len(images) // 4), len(images))
    some = np.sort(np.random.default_rng(seed).choice(len(images), count, replace=False))
    # In float32, images that are nearly the same would be told apart by rounding.
    points = describe(images[some]).astype(np.float64)
    for step in steps:
        points = step.fit_transform(points)
    width = max(float(np.median(euclidean_distances(points, squared=True))), 1e-6)
    kernel = Nystroem(gamma=1 / width, n_components=count, random_state=seed).fit(points)
    of_images = make_pipeline(*steps, kernel)
    for _, block in iter_blocks(images, BATCH_SIZE):
        near = of_images.transform(describe(block).astype(np.float64))
        yield np.concatenate([near, np.ones((len(near), 1))], axis=1, dtype=np.float32)


def _scores(values: np.ndarray, labels: np.ndarray, n_classes: int, folds: np.ndarray) -> np.ndarray:
    """Of each image by least squares on the other folds, at the penalty that suits the labels best: (N, n_classes)."""
    targets, width = np.eye(n_classes, dtype=np.float32), values.shape[1]
    products, sums = np.zeros((N_FOLDS, width, width)), np.zeros((N_FOLDS, width, n_classes))
    for rows, block in iter_blocks(values):
        for fold in range(N_FOLDS):
            own = folds[rows] == fold
            products[fold] += block[own].T @ block[own]
            sums[fold] += block[own].T @ targets[labels[rows][own]]
    usual = np.trace(products.sum(axis=0)) / width
    weights = np.empty((N_FOLDS, len(PENALTIES), width, n_classes))
    for fold in range(N_FOLDS):
        strength, vectors = np.linalg.eigh(products.sum(axis=0) - products[fold])
        answers = vectors.T @ (sums.sum(axis=0) - sums[fold])
        for place, penalty in enumerate(PENALTIES):
            weights[fold, place] = vectors @ (answers / (strength + penalty * usual)[:, None])
    scores = np.empty((len(PENALTIES), len(values), n_classes), np.float32)
    for rows, block in iter_blocks(values):
        for fold in range(N_FOLDS):
            own = np.flatnonzero(folds[rows] == fold)
            scores[:, rows.start + own] = block[own] @ weights[fold]
    return min(scores, key=lambda one: _surprise([one], labels)[1]).copy()


def _weighed(scores: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Scores of several models as probabilities, at the weights that suit the labels best."""
    from scipy.special import softmax

    weights, _ = _surprise(scores, labels)
    total = sum(weight * one for weight, one in zip(weights, scores, strict=True))
    return softmax(total.astype(np.float64), axis=1)


def _surprise(scores: list[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights of scores at which labels have the highest likelihood, and what they lack of it on average."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    rows = np.arange(len(labels))

    def lacking(logs: np.ndarray) -> float:
        weights = np.exp(logs).astype(np.float32)
        total = sum(weight * one for weight, one in zip(weights, scores, strict=True))
        return -log_softmax(total, axis=1)[rows, labels].mean(dtype=np.float64)

    found = minimize(lacking, np.full(len(scores), 1.5), method="Nelder-Mead", options={"xatol": 0.01})
    return np.exp(found.x).astype(np.float32), float(found.fun)


def _folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """Which fold an image is in, (N,): each has its share of every class."""
    from sklearn.model_selection import StratifiedKFold

    folds = np.arange(len(labels)) % N_FOLDS
    # Where no class has an image for each fold, no label is judged.
    if np.bincount(labels).max() >= N_FOLDS:
        divided = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(folds, labels)
        for fold, (_, own) in enumerate(divided):
            folds[own] = fold
    return folds
