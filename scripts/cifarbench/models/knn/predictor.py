"""Predict images by the nearest neighbours of a saved model."""

from functools import cached_property
from typing import Any

import numpy as np

from cifarbench.data.splits import split_indices
from cifarbench.errors import UserError
from cifarbench.models.knn.ann import IVFIndex, check_enough_neighbors
from cifarbench.models.knn.exact import knn, to_vectors
from cifarbench.models.knn.voting import balanced_weights, neighbor_weights, predict_proba
from cifarbench.models.saved_model import Predictions, SavedModel

# Largest size of an exported file, in bytes, that a browser can open.
MAX_BYTES = 250e6
# Squared distances that differ by less than this share of the vectors' squared norms are equal in float32.
TIE_TOLERANCE = 1e-5
# No limit for a block of queries, since the values are in memory already.
QUERY_BLOCK_MB = 1e6


class Predictor:
    """The nearest neighbours of a saved model."""

    def __init__(self, stored: SavedModel):
        self.name, self.params, self.n_classes = stored.run, stored.params, stored.n_classes
        self.threads = stored.threads
        labels, division = np.load(stored.path("data/train_labels.npy")), stored.subset_indices()
        self.rows, _ = split_indices(stored.fit["inference"]["part"], len(labels), division)
        # A slice of all rows copies nothing.
        selected = self.rows if division is not None else slice(None)
        self.labels = labels[selected]
        self.values = stored.train_inputs()[selected]

    @cached_property
    def points(self) -> np.ndarray:
        """Return the training images as vectors (N, D) float32, of unit length for the cosine."""
        return to_vectors(self.values, self.params["metric"])

    def predict(self, values: np.ndarray) -> Predictions:
        """Return the votes on images given as pixels or features (N, D)."""
        if self.params["ann"]:
            neighbors, squares = self._index.search(values, self.params["n_neighbors"], QUERY_BLOCK_MB)
            check_enough_neighbors(self.name, neighbors)
        else:
            neighbors, squares = self._exact_search(values, self.params["n_neighbors"])
        labels = self.labels[neighbors]
        weights = balanced_weights(neighbor_weights(squares, self.params), labels, self.labels, self.params)
        proba = predict_proba(labels, self.n_classes, weights)
        return Predictions(proba.argmax(axis=1), proba, self.rows[neighbors])

    def _exact_search(self, values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        metric = self.params["metric"]
        return knn(self.points, to_vectors(values, metric, queries=True), count, self.threads, metric)

    @cached_property
    def _index(self) -> IVFIndex:
        metric, rows = self.params["metric"], np.arange(len(self.values))
        index = IVFIndex(self.values, rows, metric, self.params["ann"], self.threads)
        index.add(index.blocks)
        return index

    def to_exportable(self) -> Any:
        """Return a PyTorch module that computes the same votes. Raises UserError if the file would be too large."""
        from cifarbench.models.knn.torch_module import KNNModule

        if self.params["ann"]:
            raise UserError(
                f"{self.name} searches approximately, which ONNX does not support; export an exact model."
            )
        if self.points.nbytes > MAX_BYTES:
            raise UserError(
                f"{self.name} stores all {len(self.points):,} training images, {self.points.nbytes / 1e6:.0f} MB; "
                f"a file of at most {MAX_BYTES / 1e6:.0f} MB is exported: use a model with fewer features."
            )
        return KNNModule(self.points, self.labels, self.n_classes, self.params)

    def tied(self, values: np.ndarray) -> np.ndarray:
        """Return the images whose votes may differ by float32 rounding: (N,) bool."""
        count = self.params["n_neighbors"]
        _, squares = self._exact_search(values, min(count + 1, len(self.points)))
        queries = to_vectors(values, self.params["metric"], queries=True)
        level = TIE_TOLERANCE * (np.square(queries).sum(axis=1) + np.square(self.points).sum(axis=1).mean())
        last = squares[:, count] - squares[:, count - 1] < level if squares.shape[1] > count else False
        first = squares[:, 0] < level if self.params["weights"] == "distance" else False
        return np.zeros(len(values), bool) | last | first
