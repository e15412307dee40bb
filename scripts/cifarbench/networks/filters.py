"""What a network has learned to look for in images: the weights of its first layer."""

from pathlib import Path

import numpy as np
import torch


def filters(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The first layer's weights, as images of the pixels that they stand for: (n, C, h, w) float32.

    path: a state dict of weights. A convolution's filters are of its own size; a sum over all pixels has images of
    theirs. Raises ValueError if no layer takes images.
    """
    for weights in torch.load(path, map_location="cpu", weights_only=True).values():
        if weights.ndim == 4 and weights.shape[1] == image_shape[0]:
            return weights.numpy()
        if weights.ndim == 2 and weights.shape[1] == np.prod(image_shape):
            return weights.reshape(-1, *image_shape).numpy()
    raise ValueError(f"no weights of {path} are of images of shape {image_shape}")
