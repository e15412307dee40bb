"""Find properties that give the class away, and differences between training and test images.

A property is probed by a decision tree that sees nothing else, fitted to training images and scored on test images.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest, mannwhitneyu

from cifarbench.audit.descriptors import Rows, iter_blocks, resize
from cifarbench.features.fit_inputs import to_nchw

# Share of the training images, and their smallest number, in a leaf of the tree.
LEAF_SHARE, MIN_LEAF = 0.005, 5
# Images of each split between which a classifier decides, the side to which they are scaled, trees and folds.
MAX_SHIFT_IMAGES, SHIFT_SIDE, N_TREES, N_FOLDS = 2000, 8, 100, 5
Z_95 = 1.96

Properties = dict[str, np.ndarray]


def image_properties(images: Rows, image_shape: tuple[int, int, int]) -> Properties:
    """Return the mean brightness (N, 1) and the mean colour of the border (N, channels) of images (N, C*H*W) uint8."""
    brightness, border = np.empty((len(images), 1)), np.empty((len(images), image_shape[0]))
    edge = np.ones(image_shape[1:], bool)
    edge[1:-1, 1:-1] = False
    for rows, pixels in iter_blocks(images):
        block = to_nchw(pixels, image_shape)
        brightness[rows, 0] = block.mean(axis=(1, 2, 3))
        border[rows] = block[:, :, edge].mean(axis=2)
    return {"brightness": brightness, "border_color": border}


def probe_properties(
    train: Properties, train_labels: np.ndarray, test: Properties, test_labels: np.ndarray, seed: int
) -> dict[str, dict[str, float]]:
    """Return name -> accuracy of a tree on the test images, the chance level, and the p-value, ready for JSON.

    train, test: name -> values (N, d) float. The chance level is the test share of the most frequent training class,
    the p-value that of a one-sided binomial test of it; `accuracy_low` is the lower end of Wilson's 95% interval.
    """
    from sklearn.tree import DecisionTreeClassifier

    counts = np.bincount(train_labels)
    chance = float(np.mean(test_labels == counts.argmax()))
    found = {}
    for name, values in train.items():
        if (values == values[0]).all():
            continue
        leaf = max(MIN_LEAF, int(LEAF_SHARE * len(values)))
        tree = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=seed).fit(values, train_labels)
        n_correct = int(np.sum(tree.predict(test[name]) == test_labels))
        test_of_chance = binomtest(n_correct, len(test_labels), chance, alternative="greater")
        found[name] = {
            "accuracy": n_correct / len(test_labels),
            "accuracy_low": float(test_of_chance.proportion_ci(0.975, method="wilson").low),
            "chance": chance,
            "p_value": float(test_of_chance.pvalue),
        }
    return found


def train_test_auc(train: Rows, test: Rows, image_shape: tuple[int, int, int], seed: int) -> dict[str, Any]:
    """Return the ROC AUC, with its 95% interval, of a random forest between training and test images, ready for JSON.

    As many images of both, scaled to 8 x 8 pixels, in stratified folds. About 0.5 if both are alike.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    random, n = np.random.default_rng(seed), min(len(train), len(test), MAX_SHIFT_IMAGES)
    values = np.concatenate([_small(images, random, n, image_shape) for images in (train, test)])
    is_test = np.repeat([0, 1], n)
    folds = StratifiedKFold(min(N_FOLDS, n), shuffle=True, random_state=seed)
    forest = RandomForestClassifier(N_TREES, random_state=seed)
    proba = cross_val_predict(forest, values, is_test, cv=folds, method="predict_proba")
    auc = float(mannwhitneyu(proba[n:, 1], proba[:n, 1]).statistic) / n**2
    # Hanley and McNeil 1982, Radiology 143.
    spread = auc / (2 - auc) + 2 * auc**2 / (1 + auc) - 2 * auc**2
    half = Z_95 * np.sqrt((auc * (1 - auc) + (n - 1) * spread) / n**2)
    return {
        "auc": auc,
        "auc_ci95": [max(float(auc - half), 0.0), min(float(auc + half), 1.0)],
        "n_images": 2 * n,
    }


def _small(
    images: Rows, random: np.random.Generator, n: int, image_shape: tuple[int, int, int]
) -> np.ndarray:
    rows = np.sort(random.choice(len(images), n, replace=False))
    return resize(np.asarray(images[rows]), image_shape, (SHIFT_SIDE, SHIFT_SIDE)).reshape(n, -1)


def file_properties(sizes: Sequence[tuple[int, int]], types: Sequence[str]) -> Properties:
    """Return the size in pixels (N, 2) and the type, as a number (N, 1), of image files."""
    _, numbers = np.unique(np.array(types), return_inverse=True)
    return {
        "image_size": np.array(sizes, float).reshape(-1, 2),
        "file_type": numbers.reshape(-1, 1).astype(float),
    }
