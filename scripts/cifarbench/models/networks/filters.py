"""What a network has learned to look for in images: the weights of its first layer."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def load_filters(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Read the first layer's weights as images: (n, C, h, w) float32.

    path: a state dict of weights, which is read without torch: a figure has no need of it, and it takes seconds to
    import. A convolution's filters are of its own size; a sum over all pixels has images of theirs. Those of the
    library's convolutional network are of its first layer that learns. Raises ValueError if no layer takes images.
    """
    state = load_file(path)
    if "whitening.weight" in state:
        return _behind_whitening(state["whitening.weight"], state["blocks.0.convolutions.0.weight"])
    for weights in state.values():
        if weights.ndim == 4 and weights.shape[1] == image_shape[0]:
            return weights
        if weights.ndim == 2 and weights.shape[1] == np.prod(image_shape):
            return weights.reshape(-1, *image_shape)
    raise ValueError(f"no weights of {path} are of images of shape {image_shape}")


def _behind_whitening(whitening: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return filters of a convolution of rectified, whitened patches as filters of pixels.

    The second half of the whitened values is the negative of the first, and gelu(z) - gelu(-z) = z: so what the halves
    are weighted differently by is a filter of z itself. What they share is of its size alone, and has no picture.
    """
    from torch import from_numpy
    from torch.nn.functional import conv_transpose2d

    half = len(whitening) // 2
    differently = (weights[:, :half] - weights[:, half:]) / 2
    return conv_transpose2d(from_numpy(differently), from_numpy(whitening[:half])).numpy()
