"""Preprocess pixels for networks, in the memory format and the precision that are fast for their layers."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import nn


def preprocess(
    pixels: torch.Tensor, memory_format: torch.memory_format = torch.preserve_format
) -> torch.Tensor:
    """Scale pixels uint8 to [0, 1], then (x - 0.5) / 0.5, in every channel: float32 of the same shape.

    Equal to torchvision's ToDtype(scale=True) and Normalize, in half the time and without importing them.
    """
    return pixels.to(torch.float32, memory_format=memory_format).mul_(2 / 255).sub_(1)


def whitening_components(values: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Return the principal components of values (N, D), each divided by its deviation: (D, D) float64, largest first.

    epsilon: added to the variances.
    """
    variances, vectors = torch.linalg.eigh(torch.cov(values.T).double())
    return (vectors / torch.sqrt(variances.clamp_min(0) + epsilon)).T.flip(0)


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device computes products of bfloat16; a CPU without such instructions is very slow at it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@dataclass(frozen=True)
class ForwardContext:
    """The memory format of images and the precision of products.

    Convolutions are up to twice as fast with channels_last. Bfloat16 is several times faster on a GPU, and about twice
    as fast on a CPU that has it.
    """

    memory_format: torch.memory_format
    bfloat16: bool

    @classmethod
    def for_network(cls, network: nn.Module, device: torch.device, precision: str | None = None) -> Self:
        """Return the context for a network, and convert the network's weights to its memory format.

        precision: float32 or bfloat16; by default bfloat16 for convolutions on a GPU that has it.
        """
        has_convolutions = any(weight.ndim == 4 for weight in network.parameters())
        bfloat16 = precision == "bfloat16"
        if has_convolutions:
            network.to(memory_format=torch.channels_last)
            bfloat16 |= precision is None and device.type == "cuda" and torch.cuda.is_bf16_supported()
        return cls(torch.channels_last if has_convolutions else torch.preserve_format, bfloat16)

    def logits(self, network: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits (N, n_classes) float32 of images (N, channels, height, width) uint8."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.bfloat16):
            return network(preprocess(pixels, self.memory_format)).float()
