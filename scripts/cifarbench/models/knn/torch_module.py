"""k nearest neighbours as a PyTorch module, for export to ONNX."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad

from cifarbench.features.covariance import PIXEL_OFFSET
from cifarbench.models.knn.voting import PARALLEL_DISTANCE, balanced_weights


class KNNModule(nn.Module):
    """Compute the vote shares of the nearest neighbours, as `voting` does.

    points: (N, D) float32, from `exact.to_vectors`. labels: (N,) int. params: `n_neighbors`, `metric`, `weights`.
    """

    columns: torch.Tensor
    squares: torch.Tensor
    votes: torch.Tensor

    def __init__(self, points: np.ndarray, labels: np.ndarray, n_classes: int, params: dict[str, Any]):
        super().__init__()
        self.params = params
        # Stored once, transposed, so that a matrix product needs no copy.
        self.register_buffer("columns", torch.from_numpy(np.ascontiguousarray(points.T)))
        self.register_buffer("squares", torch.from_numpy(np.square(points).sum(axis=1)))
        votes = torch.eye(n_classes)[torch.from_numpy(labels)]
        if params.get("class_weight"):
            votes *= torch.from_numpy(balanced_weights(None, labels, labels, params)).float()[:, None]
        self.register_buffer("votes", votes)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return vote shares (M, n_classes) float32 for pixels uint8 or features float32 (M, D)."""
        queries = values.float() - PIXEL_OFFSET if values.dtype == torch.uint8 else values
        if self.params["metric"] == "cosine":
            lengths = queries.square().sum(dim=1, keepdim=True).sqrt()
            queries = queries / lengths.clamp(min=torch.finfo(torch.float32).tiny)
            # The axes of zero vectors among the points and among the queries.
            queries = torch.cat([pad(queries, (0, 1)), (lengths == 0).float()], dim=1)
            # For unit vectors; those at right angles are at exactly the same distance.
            squares = 2 - 2 * (queries @ self.columns)
        else:
            squares = queries.square().sum(dim=1, keepdim=True) + self.squares - 2 * (queries @ self.columns)
        neighbors = torch.topk(squares, self.params["n_neighbors"], dim=1, largest=False).indices
        votes = self.votes[neighbors]
        if self.params["weights"] == "uniform":
            shares = votes.mean(dim=1)
            return shares / shares.sum(dim=1, keepdim=True) if self.params.get("class_weight") else shares
        # Differences are exactly 0 for duplicates; products are not.
        nearest = self.columns.index_select(1, neighbors.flatten()).T.reshape(*neighbors.shape, -1)
        squares = (nearest - queries[:, None]).square().sum(dim=2)
        if self.params["metric"] == "cosine":
            distances = torch.where(squares / 2 < PARALLEL_DISTANCE, 0.0, squares / 2)
        else:
            distances = squares.sqrt()
        # If a neighbour is at distance 0, only such neighbours vote.
        is_zero = distances == 0
        any_zero = is_zero.any(dim=1, keepdim=True)
        weights = torch.where(any_zero, is_zero.float(), 1 / torch.where(is_zero, 1.0, distances))
        shares = (votes * weights[:, :, None]).sum(dim=1)
        return shares / shares.sum(dim=1, keepdim=True)
