"""Predict images by a saved network."""

import numpy as np
import torch
from torch import nn

from cifarbench.models.networks.factory import load
from cifarbench.models.networks.preprocessing import preprocess
from cifarbench.models.networks.training import predict_logits
from cifarbench.models.saved_model import Predictions, SavedModel


class Predictor:
    """The network of a saved model, on the CPU."""

    def __init__(self, stored: SavedModel):
        self.params, self.image_shape = stored.params, stored.image_shape
        self.network = load(
            stored.file("network.safetensors"), self.params, self.image_shape, stored.n_classes
        ).eval()

    def predict(self, values: np.ndarray) -> Predictions:
        """Predict images given as pixels (N, D) uint8."""
        images = torch.from_numpy(np.ascontiguousarray(values)).reshape(-1, *self.image_shape)
        proba = predict_logits(self.network, images, self.params["tta_flip"]).softmax(1).numpy()
        return Predictions(proba.argmax(axis=1), proba)

    def to_exportable(self) -> nn.Module:
        """Return a PyTorch module that computes the same predictions, for ONNX."""
        return SoftmaxModule(self.network, self.image_shape, self.params["tta_flip"])


class SoftmaxModule(nn.Module):
    """The computation of `predict` for one batch, in float32."""

    def __init__(self, network: nn.Module, image_shape: tuple[int, int, int], tta_flip: bool):
        super().__init__()
        self.network, self.image_shape, self.tta_flip = network, image_shape, tta_flip

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return probabilities (N, n_classes) float32 for pixels (N, D) uint8."""
        images = preprocess(pixels.reshape(-1, *self.image_shape))
        logits = self.network(images)
        if self.tta_flip:
            logits = (logits + self.network(images.flip(3))) / 2
        return logits.softmax(1)
