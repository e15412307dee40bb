"""Read the filters of a network's first layer."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def load_filters(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Read the weights of the first trained layer as images: (n, C, h, w) float32, the kernel's or the images' size.

    path: a state dict in safetensors; importing torch would take seconds. Raises ValueError if no layer takes images of
    this shape.
    """
    state = load_file(path)
    if {"whitening.weight", "layers.0.weight"} <= set(state):
        return (state["layers.0.weight"] @ state["whitening.weight"]).reshape(-1, *image_shape)
    if {"whitening.weight", "blocks.0.convolutions.0.weight"} <= set(state):
        return _behind_whitening(state["whitening.weight"], state["blocks.0.convolutions.0.weight"])
    for weights in state.values():
        if weights.ndim == 4 and weights.shape[1] == image_shape[0]:
            return weights
        if weights.ndim == 2 and weights.shape[1] == np.prod(image_shape):
            return weights.reshape(-1, *image_shape)
    raise ValueError(f"{path} has no layer for images of shape {image_shape}")


def _behind_whitening(whitening: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return filters of a convolution of rectified, whitened patches as filters of pixels.

    The second half of the whitened values is the negative of the first, and gelu(z) - gelu(-z) = z, so half the
    difference of the weights of both halves is a linear filter of z.
    """
    from torch import from_numpy
    from torch.nn.functional import conv_transpose2d

    half = len(whitening) // 2
    linear = (weights[:, :half] - weights[:, half:]) / 2
    return conv_transpose2d(from_numpy(linear), from_numpy(whitening[:half])).numpy()
