"""Predict images by a saved network."""

import numpy as np
import torch
from torch import nn

from cifarbench.models.networks.factory import load
from cifarbench.models.networks.preprocessing import preprocess
from cifarbench.models.networks.training import predict_logits
from cifarbench.models.networks.tta import average_views, selected_tta
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
        proba = predict_logits(self.network, images, selected_tta(self.params)).softmax(1).numpy()
        return Predictions(proba.argmax(axis=1), proba)

    def to_exportable(self) -> nn.Module:
        """Return a PyTorch module that computes the same predictions, for ONNX."""
        return SoftmaxModule(self.network, self.image_shape, selected_tta(self.params))


class SoftmaxModule(nn.Module):
    """The computation of `predict` for one batch, in float32."""

    def __init__(self, network: nn.Module, image_shape: tuple[int, int, int], tta: str):
        super().__init__()
        self.network, self.image_shape, self.tta = network, image_shape, tta

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return probabilities (N, n_classes) float32 for pixels (N, D) uint8."""
        images = preprocess(pixels.reshape(-1, *self.image_shape))
        return average_views(self.network, images, self.tta).softmax(1)
