"""The convolutional network: whitened patches, then blocks of two convolutions, each at half the resolution."""

import torch
from torch import nn
from torch.nn import functional

from cifarbench.models.networks.preprocessing import whitening_components

# Height and width of a whitened patch, in pixels.
PATCH = 2
# Added to the variance of each component of patches; pixels are in [-1, 1].
WHITENING = 1e-4
# Logits are scaled down, so that the last layer does not learn faster than the others.
LOGIT_SCALE = 1 / 9


class ConvNet(nn.Module):
    """A small network like that of airbench (Jordan 2024, arXiv 2404.00498). channels: of each block."""

    def __init__(self, image_shape: tuple[int, int, int], n_classes: int, channels: list[int]):
        super().__init__()
        n_inputs = image_shape[0]
        # Each component of a patch with both signs, because the activation would discard one of them.
        self.whitening = nn.Conv2d(n_inputs, 2 * n_inputs * PATCH**2, PATCH, bias=False).requires_grad_(False)
        inputs = [self.whitening.out_channels, *channels]
        self.blocks = nn.Sequential(*map(Block, inputs, channels))
        self.head = nn.Linear(channels[-1], n_classes, bias=False)

    @torch.no_grad()
    def prepare(self, images: torch.Tensor) -> None:
        """Set the first layer to the principal components of patches of images, each divided by its deviation."""
        patches = functional.unfold(images, PATCH).movedim(1, 2).flatten(0, 1)
        filters = whitening_components(patches.double(), WHITENING).reshape(
            -1, *self.whitening.weight.shape[1:]
        )
        self.whitening.weight.copy_(torch.cat([filters, -filters]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) of inputs (N, channels, height, width)."""
        maps = self.blocks(functional.gelu(self.whitening(inputs)))
        return self.head(maps.amax((2, 3))) * LOGIT_SCALE


class Block(nn.Module):
    """Convolution, maximum over 2 x 2, convolution; each normalised over the batch and rectified."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        convolutions = [nn.Conv2d(width, outputs, 3, padding=1, bias=False) for width in (inputs, outputs)]
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in self.convolutions)
        for convolution in convolutions:
            # Convolutions begin as the identity.
            nn.init.dirac_(convolution.weight[: convolution.in_channels])

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, height // 2, width // 2) for (N, inputs, height, width)."""
        # Pooled first, so that only a quarter of the values is normalised and rectified.
        pooled = functional.max_pool2d(self.convolutions[0](inputs), 2)
        halfway = functional.gelu(self.norms[0](pooled))
        return functional.gelu(self.norms[1](self.convolutions[1](halfway)))
