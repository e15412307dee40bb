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


def convnet(images: Images, widths: list[int]) -> float:
    """The convolutions of a network's epoch, their gradients, and those of its evaluation; how many TFLOP they are."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    from cifarbench.networks.convnet import ConvNet

    shapes: list[tuple[nn.Conv2d, torch.Size]] = []
    network = ConvNet((3, 32, 32), 10, widths)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, given, _: shapes.append((layer, given[0].shape[1:])))
    network(torch.zeros(1, 3, 32, 32))
    layers = [
        nn.Conv2d(one.in_channels, one.out_channels, one.kernel_size, padding=one.padding, bias=False)
        for one, _ in shapes
    ]

    def inputs(shape: torch.Size, count: int) -> torch.Tensor:
        return torch.randn(count, *shape).contiguous(memory_format=torch.channels_last)

    flop = 0
    for place, (layer, (_, shape)) in enumerate(zip(layers, shapes, strict=True)):
        layer.to(memory_format=torch.channels_last)
        given = inputs(shape, 256)
        # The first layer is not trained, and what goes into the second needs no gradient.
        wanted = [layer.weight, given.requires_grad_()][: min(place, 2)]
        steps = -(-len(images.train) // 256)
        for _ in range(steps):
            found = layer(given)
            if wanted:
                torch.autograd.grad(found, wanted, torch.ones_like(found))
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            layer(inputs(shape, 1000))
        # A gradient takes as many as the convolution itself.
        flop += counter.get_total_flops() * (1 + steps * 256 / 1000 * (1 + len(wanted)))
    return flop / 1e12
