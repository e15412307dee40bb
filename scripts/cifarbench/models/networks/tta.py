"""Test-time augmentation: average the predictions of several views of an image (as in airbench, Jordan 2024)."""

from collections.abc import Callable
from typing import Any

import torch

# Logits (N, n_classes) of images (N, channels, height, width).
Predict = Callable[[torch.Tensor], torch.Tensor]


def selected_tta(params: dict[str, Any]) -> str:
    """Return the test-time augmentation among a network's hyperparameters; `tta_flip: true` is `tta: flip`."""
    return params.get("tta") or ("flip" if params["tta_flip"] else "none")


def average_views(predict: Predict, images: torch.Tensor, tta: str) -> torch.Tensor:
    """Return mean logits over views of images (N, channels, height, width).

    tta: `none`; `flip`, the image and its mirror image; `flip_translate`, also both shifted by one pixel to the upper
    left and to the lower right, with reflected borders, which together have half of the weight.
    """
    if tta == "none":
        return predict(images)
    logits = (predict(images) + predict(images.flip(3))) / 2
    if tta == "flip":
        return logits
    height, width = images.shape[2:]
    padded = _reflect_border(_reflect_border(images, 2), 3)
    shifted = [padded[:, :, start : start + height, start : start + width] for start in (0, 2)]
    return logits / 2 + sum(average_views(predict, view, "flip") for view in shifted) / 4


def _reflect_border(images: torch.Tensor, axis: int) -> torch.Tensor:
    """Return images with one more row or column at both ends. `torch.nn.functional.pad` does not take uint8."""
    length = images.shape[axis]
    return torch.cat([images.narrow(axis, 1, 1), images, images.narrow(axis, length - 2, 1)], axis)
