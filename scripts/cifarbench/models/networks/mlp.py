"""The multilayer perceptron, with or without batch norm and dropout."""

import math

import torch
from torch import nn

from cifarbench.models.networks.preprocessing import whitening_components

# Added to the variance of each principal component; pixels are in [-1, 1].
EPSILON = 1e-3


class Dropout(nn.Dropout):
    """nn.Dropout with a mask made by torch.rand, which draws four times faster than Bernoulli's on a CPU."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Zero each input with probability p, and scale the others by 1 / (1 - p); nothing in evaluation."""
        if not self.training:
            return inputs
        return inputs * torch.rand_like(inputs, dtype=torch.float32).ge_(self.p).div_(1 - self.p)


class MLP(nn.Module):
    """Hidden layers with an activation, optionally with batch norm before it and dropout after it.

    hidden_dims: widths of the hidden layers; two of width `hidden_dim` by default. activation: a class of torch.nn.
    whitening: the number of principal components, each of about unit variance, that the first hidden layer gets in
    place of pixels.
    """

    n_preparation_images = 10_000

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        n_classes: int,
        hidden_dim: int | None = None,
        batch_norm: bool = False,
        dropout: float = 0.0,
        hidden_dims: list[int] | None = None,
        activation: str = "ReLU",
        whitening: int | None = None,
    ):
        super().__init__()
        layers: list[nn.Module] = []
        width = math.prod(image_shape)
        self.whitening = nn.Linear(width, whitening).requires_grad_(False) if whitening else None
        width = whitening or width
        if not hidden_dims:
            assert hidden_dim, "give hidden_dim or hidden_dims"
            hidden_dims = [hidden_dim, hidden_dim]
        for hidden_width in hidden_dims:
            layers.append(_linear(width, hidden_width))
            width = hidden_width
            if batch_norm:
                layers.append(nn.BatchNorm1d(width))
            layers.append(getattr(nn, activation)())
            if dropout:
                layers.append(Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(width, n_classes))

    @torch.no_grad()
    def prepare(self, images: torch.Tensor) -> None:
        """Set `whitening`, if there is one, to the principal components of images, each divided by its deviation."""
        if self.whitening is None:
            return
        pixels = images.flatten(1)
        self.whitening.weight.copy_(whitening_components(pixels, EPSILON)[: self.whitening.out_features])
        self.whitening.bias.copy_(-self.whitening.weight @ pixels.mean(0))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) of inputs (N, channels, height, width) float32."""
        values = inputs.flatten(1)
        return self.layers(values if self.whitening is None else self.whitening(values))


def _linear(inputs: int, outputs: int) -> nn.Linear:
    """Return nn.Linear with weights in the memory layout that the processor multiplies fastest.

    With AVX-512 a batch is multiplied up to 1.7 times faster if the weights of each input are contiguous; with AVX2
    that gains nothing, and the gradient takes a fifth longer.
    """
    layer = nn.Linear(inputs, outputs)
    if torch.backends.cpu.get_cpu_capability() == "AVX512":
        layer.weight = nn.Parameter(layer.weight.detach().t().contiguous().t())
    return layer
