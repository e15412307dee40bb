"""Each case as the workflow computes it, by its library."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import torch

from cifarbench.data.splits import stratified_folds
from cifarbench.features import patches as patch_features
from cifarbench.features.covariance import RunningCovariance, center
from cifarbench.features.fit_inputs import BLOCK_ROWS
from cifarbench.features.pca import PrincipalComponents
from cifarbench.features.pipeline import FeatureStep
from cifarbench.models.estimators.ridge import RidgeClosedForm
from cifarbench.models.knn.exact import knn
from cifarbench.models.knn.voting import correct_counts_per_k, predict_proba
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.convnet import ConvNet
from cifarbench.models.networks.mlp import MLP
from cifarbench.models.networks.training import Split, train
from cifarbench.models.networks.training_config import TrainingConfig
from data import Images, random_filters
from end_to_end import CORES

SHAPE = (3, 32, 32)


def knn_raw(images: Images) -> float:
    """Fit and predict on raw pixels; return the accuracy."""
    return _accuracy_of_neighbors(center(images.train), center(images.test), images)


def knn_pca(images: Images, standardize: bool) -> float:
    """Fit and predict on 128 components, of scaled pixels or not; return the accuracy."""
    components = PrincipalComponents.fit(RunningCovariance.from_images(images.train), standardize)
    points, queries = (components.transform(part, 128) for part in (images.train, images.test))
    return _accuracy_of_neighbors(points, queries, images)


def grid(images: Images, n_components: list[int], n_neighbors: list[int]) -> float:
    """Search the grid by threefold cross-validation; return the best mean score."""
    folds = stratified_folds(images.train_labels, 3)

    def moments(fold: int | None) -> RunningCovariance:
        return RunningCovariance.from_images(
            images.train, None if fold is None else np.flatnonzero(folds == fold)
        )

    def cell(of: tuple[int, int]) -> np.ndarray:
        n, fold = of
        features = components[fold].result().transform(images.train, n)
        left_out, labels = folds == fold, images.train_labels
        neighbors, _ = knn(features[~left_out], features[left_out], max(n_neighbors), threads=1)
        return correct_counts_per_k(labels[~left_out][neighbors], labels[left_out]) / left_out.sum()

    # As Snakemake runs them: jobs of one thread, as many at a time as there are cores.
    with ThreadPoolExecutor(CORES) as jobs:
        everything, *left_out = jobs.map(moments, [None, 0, 1, 2])
        components = [jobs.submit(PrincipalComponents.fit, everything - part, True) for part in left_out]
        names = list(product(sorted(n_components, reverse=True), range(3)))
        scores = dict(zip(names, jobs.map(cell, names), strict=True))
    return max(
        np.mean([scores[n, fold][k - 1] for fold in range(3)]) for n in n_components for k in n_neighbors
    )


def ridge(images: Images, alpha: float, batch_size: int) -> float:
    """Fit to standardized pixels, a batch at a time, and predict; return the accuracy."""
    classifier, classes = RidgeClosedForm([alpha]), np.unique(images.train_labels)
    for start in range(0, len(images.train), batch_size):
        batch = slice(start, start + batch_size)
        classifier.partial_fit(images.train[batch], images.train_labels[batch], classes)
    return classifier.solve().score(images.test, images.test_labels)


def patches(images: Images, n_patches: int, size: int) -> float:
    """Compute responses of the training images to patches, averaged over four regions; return their mean."""
    state = {"filters": random_filters(n_patches, size), "offsets": np.zeros(n_patches, np.float32)}
    params = {"patch_size": size, "stride": 1, "soft_threshold": 0.25, "n_pool": 2, "power": 1}
    total = 0.0
    for start in range(0, len(images.train), BLOCK_ROWS):
        block = images.train[start : start + BLOCK_ROWS]
        total += patch_features.transform(block, state, params, (3, 32, 32)).mean(axis=1, dtype=float).sum()
    return total / len(images.train)


def pretrained(images: Images) -> float:
    """Compute the features of the training images by MobileNetV3-small; return their mean."""
    torch.manual_seed(0)
    params = {"backbone": "torchvision.mobilenet_v3_small", "weights": None, "image_size": 96}
    step = FeatureStep("pretrained", params, {})
    return float(np.mean([block.mean() for block in step.transform_blocks(images.train, SHAPE)]))


def network(images: Images, epochs: int, batch_norm: bool) -> float:
    """Train a perceptron with an evaluation after each epoch; return the last test accuracy."""
    torch.manual_seed(0)
    model = MLP(SHAPE, 10, 128, batch_norm, 0.5 if batch_norm else 0.0)
    recipe = TrainingConfig(learning_rate=0.001, batch_size=128, epochs=epochs)
    return _train(model, recipe, (images.train, images.train_labels), (images.test, images.test_labels))


def convnet(images: Images, channels: list[int]) -> float:
    """Train a convolutional network for an epoch and evaluate it; return the test accuracy."""
    torch.manual_seed(0)
    recipe = TrainingConfig(
        learning_rate=0.4,
        batch_size=256,
        epochs=1,
        momentum=0.85,
        weight_decay=0.001,
        label_smoothing=0.2,
        flip=True,
        translate=2,
    )
    training = images.train, images.train_labels
    return _train(ConvNet(SHAPE, 10, channels), recipe, training, images.test_subset())


def _train(model: torch.nn.Module, recipe: TrainingConfig, *parts: tuple[np.ndarray, np.ndarray]) -> float:
    splits = [Split(torch.from_numpy(rows.reshape(-1, *SHAPE)), torch.from_numpy(y)) for rows, y in parts]
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), {})
        history, _ = train(
            model, *splits, recipe, seed=0, checkpoints=checkpoints, checkpoint_interval_seconds=5
        )
    return history[-1]["test_accuracy"]


def _accuracy_of_neighbors(points: np.ndarray, queries: np.ndarray, images: Images) -> float:
    neighbors, _ = knn(points, queries, 5, CORES)
    shares = predict_proba(images.train_labels[neighbors], 10)
    return float((shares.argmax(axis=1) == images.test_labels).mean())
