"""k nearest neighbours as a module of torch, so that they can be said in ONNX."""

from typing import Any

import numpy as np
import torch
from torch import nn

from cifarbench.features.covariance import PIXEL_OFFSET


class KNNModule(nn.Module):
    """Votes of the nearest of some points, as `voting` counts them.

    points: (N, D) float32, as `points_of` gives them. labels: (N,) int. params: `n_neighbors`, `metric`, `weights`.
    """

    def __init__(self, points: np.ndarray, labels: np.ndarray, n_classes: int, params: dict[str, Any]):
        super().__init__()
        self.params = params
        # Stored once, and turned here, so that a product of matrices needs no copy.
        self.register_buffer("columns", torch.from_numpy(np.ascontiguousarray(points.T)))
        self.register_buffer("squares", torch.from_numpy(np.square(points).sum(axis=1)))
        self.register_buffer("votes", torch.eye(n_classes)[torch.from_numpy(labels)])

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Pixels uint8 or features float32 (M, D) to shares of the neighbours (M, n_classes) float32."""
        queries = values.float() - PIXEL_OFFSET if values.dtype == torch.uint8 else values
        if self.params["metric"] == "cosine":
            lengths = queries.square().sum(dim=1, keepdim=True).sqrt()
            queries = queries / lengths.clamp(min=torch.finfo(torch.float32).tiny)
        apart = queries.square().sum(dim=1, keepdim=True) + self.squares - 2 * (queries @ self.columns)
        squares, neighbors = torch.topk(apart, self.params["n_neighbors"], dim=1, largest=False)
        votes = self.votes[neighbors]
        if self.params["weights"] == "uniform":
            return votes.mean(dim=1)
        distances = squares.clamp(min=0)
        distances = distances / 2 if self.params["metric"] == "cosine" else distances.sqrt()
        # A neighbour at no distance silences those that have one.
        at_none = distances == 0
        some_at_none = at_none.any(dim=1, keepdim=True)
        weights = torch.where(some_at_none, at_none.float(), 1 / torch.where(at_none, 1.0, distances))
        shares = (votes * weights[:, :, None]).sum(dim=1)
        return shares / shares.sum(dim=1, keepdim=True)
