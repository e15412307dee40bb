"""The matrix products that a part cannot do without, and nothing else: what the hardware allows."""

import numpy as np

from data import Images, made_up_filters


def knn_raw(images: Images) -> None:
    """All test images times all training images, in float32, by numpy's library."""
    queries, points = images.test.astype(np.float32), images.train.astype(np.float32)
    for start in range(0, len(queries), 1000):
        queries[start : start + 1000] @ points.T


def patches(images: Images, n_patches: int, size: int) -> None:
    """Every patch of the training images times all filters, a thousand patches at a time."""
    filters = made_up_filters(n_patches, size).T
    seen, responses = np.ones((1024, len(filters)), np.float32), np.empty((1024, n_patches), np.float32)
    for _ in range(len(images.train) * (33 - size) ** 2 // 1024):
        np.matmul(seen, filters, out=responses)


def network(images: Images, epochs: int) -> None:
    """The products of one perceptron's epochs: forward, gradients of weights and activations, evaluation."""
    import torch

    batch, weights = torch.randn(128, 3072), torch.randn(128, 3072)
    hidden, square = torch.randn(128, 128), torch.randn(128, 128)
    test = torch.from_numpy(images.test).float()
    for _ in range(epochs):
        for _ in range(-(-len(images.train) // 128)):
            batch @ weights.T  # first layer
            hidden.T @ batch  # gradient of its weights
            hidden @ square.T  # second layer
            hidden.T @ hidden  # gradient of its weights
            hidden @ square  # gradient of its inputs
        test @ weights.T
