"""Only the matrix products that a case requires: the lower bound that the hardware sets."""

import numpy as np
import torch
from scipy.linalg.blas import ssyrk
from scipy.linalg.lapack import spotrf
from torch import nn
from torchvision import models

from cifarbench.models.networks.convnet import ConvNet
from data import Images, random_filters


def knn_raw(images: Images) -> None:
    """Multiply all test images with all training images in float32."""
    queries, points = images.test.astype(np.float32), images.train.astype(np.float32)
    for start in range(0, len(queries), 1000):
        queries[start : start + 1000] @ points.T


def patches(images: Images, n_patches: int, size: int) -> None:
    """Multiply every patch of the training images with all filters, a thousand patches at a time."""
    filters = random_filters(n_patches, size).T
    seen, responses = np.ones((1024, len(filters)), np.float32), np.empty((1024, n_patches), np.float32)
    for _ in range(len(images.train) * (33 - size) ** 2 // 1024):
        np.matmul(seen, filters, out=responses)


def ridge(images: Images, alpha: float, batch_size: int) -> None:
    """Add the products of all training images, a batch at a time, and decompose their sum."""
    batch = np.random.default_rng(0).random((batch_size, images.train.shape[1]), np.float32)
    products = np.eye(batch.shape[1], dtype=np.float32, order="F")
    for _ in range(-(-len(images.train) // batch_size)):
        products = ssyrk(1, batch.T, beta=1, c=products, overwrite_c=True)
    spotrf(products, overwrite_a=True)


def pretrained(images: Images) -> None:
    """Compute the forward passes of MobileNetV3-small, on ready batches of 64 images."""
    network = models.mobilenet_v3_small().eval().to(memory_format=torch.channels_last)
    batch = torch.randn(64, 3, 96, 96).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(-(-len(images.train) // 64)):
            network(batch)


def network(images: Images, epochs: int) -> None:
    """Compute the products of a perceptron's epochs: forward, gradients of weights and inputs, evaluation."""
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


def convnet(images: Images, channels: list[int]) -> None:
    """Compute the convolutions of a network's epoch, their gradients, and those of its evaluation."""
    shapes: list[tuple[nn.Conv2d, torch.Size]] = []
    network = ConvNet((3, 32, 32), 10, channels)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, given, _: shapes.append((layer, given[0].shape[1:])))
    network(torch.zeros(1, 3, 32, 32))
    for i, (conv, shape) in enumerate(shapes):
        layer = nn.Conv2d(
            conv.in_channels, conv.out_channels, conv.kernel_size, padding=conv.padding, bias=False
        )
        layer.to(memory_format=torch.channels_last)
        batch = torch.randn(256, *shape).contiguous(memory_format=torch.channels_last).requires_grad_()
        # The first layer is not trained, and the input of the second needs no gradient.
        needed = [layer.weight, batch][: min(i, 2)]
        for _ in range(-(-len(images.train) // 256)):
            outputs = layer(batch)
            if needed:
                torch.autograd.grad(outputs, needed, torch.ones_like(outputs))
        with torch.inference_mode():
            layer(torch.randn(1000, *shape).contiguous(memory_format=torch.channels_last))
