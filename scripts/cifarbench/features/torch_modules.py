"""Features as PyTorch modules, for export to ONNX; the export checks that both give the same values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cifarbench.errors import UserError
from cifarbench.features import patches
from cifarbench.features.covariance import PIXEL_OFFSET
from cifarbench.features.fit_inputs import State
from cifarbench.features.pca import PrincipalComponents
from cifarbench.features.pretrained_network import PretrainedEncoder
from cifarbench.features.transformer import load_transformer
from cifarbench.planning.model_family import Entry, ImageShape


def to_torch(kind: str, state: State, params: Entry, image_shape: ImageShape) -> Any:
    """Return fitted features of a type as an nn.Module, or as a fitted transformer, for (N, D) pixels or features.

    Raises UserError if the type has no converter.
    """
    if kind not in CONVERTERS:
        raise UserError(
            f"features of the type {kind} cannot be exported to ONNX; choose a model with other features."
        )
    features = CONVERTERS[kind](state, params, image_shape)
    return MirrorMean(features, image_shape) if params.get("mirror") else features


def center(values: torch.Tensor) -> torch.Tensor:
    """Return pixels less PIXEL_OFFSET, features as they are, as covariance.center does."""
    return values.float() - PIXEL_OFFSET if values.dtype == torch.uint8 else values


def scale_pixels(values: torch.Tensor) -> torch.Tensor:
    """Return pixels in [-1, 1), features as they are, as fit_inputs.scale_pixels does."""
    return (values.float() - PIXEL_OFFSET) / PIXEL_OFFSET if values.dtype == torch.uint8 else values


class MirrorMean(nn.Module):
    """Average the features of images and of their mirror images: the option `mirror`."""

    def __init__(self, features: nn.Module, image_shape: ImageShape):
        super().__init__()
        self.features, self.image_shape = features, image_shape

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs) for pixels (N, C*H*W)."""
        mirrored = pixels.reshape(-1, *self.image_shape).flip(-1).flatten(1)
        return (self.features(pixels) + self.features(mirrored)) / 2


class LinearProjection(nn.Module):
    """Compute (values - origin) @ basis, for centered pixels: the features `pca` and `lda`."""

    basis: torch.Tensor
    origin: torch.Tensor

    def __init__(self, basis: np.ndarray, origin: np.ndarray):
        super().__init__()
        self.register_buffer("basis", _tensor(basis))
        # Subtracted before the product, for smaller rounding errors.
        self.register_buffer("origin", _tensor(origin))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return (N, columns of the basis) for (N, D)."""
        return (center(values) - self.origin) @ self.basis


class Whitening(nn.Module):
    """Compute the features `whitening`."""

    def __init__(self, state: State, params: Entry, image_shape: ImageShape):
        super().__init__()
        pca, n_components = PrincipalComponents(**state), params["n_components"] or None
        basis = pca.components[:n_components]
        scale = np.sqrt(pca.variances[: len(basis)] + np.float32(params["epsilon"]))
        self.projection = LinearProjection((basis / pca.scale).T, pca.mean - pca.middle)
        # All components are rotated back to pixels; fewer are only scaled.
        self.register_buffer("back", _tensor(np.diag(1 / scale) if n_components else basis / scale[:, None]))
        self.normalize = params["l2_normalize"]

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return (N, n_components), or (N, D) of all components, for (N, D)."""
        values = scale_pixels(values)
        values = values - values.mean(dim=1, keepdim=True)
        values = values / _unless_zero(values.square().mean(dim=1, keepdim=True).sqrt())
        values = self.projection(values) @ self.back
        if self.normalize:
            values = values / _unless_zero(values.square().sum(dim=1, keepdim=True).sqrt())
        return values


class PatchFeatures(nn.Module):
    """Compute the features `patches`."""

    filters: torch.Tensor
    offsets: torch.Tensor
    regions: torch.Tensor

    def __init__(self, state: State, params: Entry, image_shape: ImageShape):
        super().__init__()
        self.image_shape, self.size, self.stride = image_shape, params["patch_size"], params["stride"]
        self.threshold, self.power = float(params["soft_threshold"]), params["power"]
        down, across = (patches.count_positions(side, self.size, self.stride) for side in image_shape[1:])
        self.register_buffer("filters", _tensor(state["filters"]))
        self.register_buffer("offsets", _tensor(state["offsets"]))
        self.register_buffer("regions", _means(down, across, params["n_pool"]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (N, 2 * n_patches * regions) for (N, C*H*W)."""
        windows = functional.unfold(
            scale_pixels(pixels).reshape(-1, *self.image_shape), self.size, stride=self.stride
        )
        windows = windows - windows.mean(dim=1, keepdim=True)
        windows = windows / (windows.square().mean(dim=1, keepdim=True) + patches.CONTRAST).sqrt()
        responses = self.filters @ windows - self.offsets[:, None]
        above = torch.relu(responses - self.threshold) @ self.regions
        below = torch.relu(-responses - self.threshold) @ self.regions
        pooled = torch.stack([above, below], dim=1).flatten(1)
        return pooled if self.power == 1 else pooled**self.power


def _pca(state: State, params: Entry, image_shape: ImageShape) -> nn.Module:
    pca = PrincipalComponents(**state)
    basis = (pca.components[: params["n_components"]] / pca.scale).T
    return LinearProjection(basis, pca.mean - pca.middle)


CONVERTERS: dict[str, Callable[[State, Entry, ImageShape], Any]] = {
    "pca": _pca,
    "lda": lambda state, params, image_shape: LinearProjection(state["directions"], state["mean"]),
    "whitening": Whitening,
    "patches": PatchFeatures,
    "pretrained": lambda state, params, image_shape: PretrainedEncoder(params, image_shape),
    "transformer": lambda state, params, image_shape: load_transformer(state, params),
}


def _means(down: int, across: int, pooling: int) -> torch.Tensor:
    """Return the matrix that averages over regions: (positions, pooling**2), columns that sum to 1."""
    members = torch.zeros(down, across, pooling, pooling)
    rows, columns = (patches.pooling_slices(positions, pooling) for positions in (down, across))
    for row, column in np.ndindex(pooling, pooling):
        members[rows[row], columns[column], row, column] = 1
    members = members.reshape(down * across, -1)
    return members / members.sum(dim=0)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _unless_zero(divisors: torch.Tensor) -> torch.Tensor:
    return torch.where(divisors == 0, torch.ones_like(divisors), divisors)
