"""Closed-form ridge regression as a PyTorch module, for export to ONNX, since skl2onnx does not know the class."""

import torch
from torch import nn

from cifarbench.features.torch_modules import scale_pixels
from cifarbench.models.estimators.ridge import RidgeClosedForm


class SoftmaxRegression(nn.Module):
    """Compute the probabilities of a fitted `RidgeClosedForm`; 0 for classes that it was fitted without."""

    coef: torch.Tensor
    intercept: torch.Tensor

    def __init__(self, estimator: RidgeClosedForm, n_classes: int):
        super().__init__()
        known = torch.as_tensor(estimator.classes_)
        coef, intercept = (
            torch.zeros(n_classes, estimator.n_features_in_),
            torch.full((n_classes,), -torch.inf),
        )
        coef[known] = torch.from_numpy(estimator.coef_)
        intercept[known] = torch.from_numpy(estimator.intercept_)
        self.register_buffer("coef", coef)
        self.register_buffer("intercept", intercept)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return (N, n_classes) for pixels uint8 or features float32 (N, D)."""
        return torch.softmax(scale_pixels(values) @ self.coef.T + self.intercept, dim=1)
