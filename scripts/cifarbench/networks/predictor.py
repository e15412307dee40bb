"""A trained network asked again."""

import numpy as np
import torch
from torch import nn

from cifarbench.networks.building import load
from cifarbench.networks.inputs import preprocess
from cifarbench.networks.training import predict_logits
from cifarbench.study.stored import Answers, Stored


class Predictor:
    """The network of a stored model, on the CPU."""

    def __init__(self, stored: Stored):
        self.params, self.image_shape = stored.params, stored.image_shape
        self.network = load(
            stored.file("network.safetensors"), self.params, self.image_shape, stored.n_classes
        ).eval()

    def predict(self, values: np.ndarray) -> Answers:
        """What it says of images given as pixels (N, D) uint8."""
        images = torch.from_numpy(np.ascontiguousarray(values)).reshape(-1, *self.image_shape)
        proba = predict_logits(self.network, images, self.params["test_flips"]).softmax(1).numpy()
        return Answers(proba.argmax(axis=1), proba)

    def stage(self) -> nn.Module:
        """The same for ONNX: a module."""
        return Probabilities(self.network, self.image_shape, self.params["test_flips"])


class Probabilities(nn.Module):
    """What `predict` computes, of one batch, in float32."""

    def __init__(self, network: nn.Module, image_shape: tuple[int, int, int], test_flips: bool):
        super().__init__()
        self.network, self.image_shape, self.test_flips = network, image_shape, test_flips

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (N, D) uint8 to probabilities (N, n_classes) float32."""
        images = preprocess(pixels.reshape(-1, *self.image_shape))
        logits = self.network(images)
        if self.test_flips:
            logits = (logits + self.network(images.flip(3))) / 2
        return logits.softmax(1)
