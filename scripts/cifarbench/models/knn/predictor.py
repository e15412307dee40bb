"""k nearest neighbours asked again: what a study has stored of them, and their votes on other images."""

from functools import cached_property
from typing import Any

import numpy as np

from cifarbench.data.splits import split_indices
from cifarbench.errors import UserError
from cifarbench.models.knn.ann import check_enough_neighbors
from cifarbench.models.knn.exact import knn, to_vectors
from cifarbench.models.knn.ivf import IVFIndex
from cifarbench.models.knn.voting import neighbor_weights, predict_proba
from cifarbench.models.saved_model import Predictions, SavedModel

# What an exported file may hold: more is no file to hand on, or to open in a browser.
MAX_BYTES = 250e6
# Two squares of distances that differ by less than this share of the points' own squares are one to float32.
TIE_TOLERANCE = 1e-5
# What a study had memory for is here in memory already.
MIN_BLOCK_MB = 1e6


class Predictor:
    """The neighbours of a stored model."""

    def __init__(self, stored: SavedModel):
        self.name, self.params, self.n_classes = (
            stored.run,
            stored.params,
            stored.n_classes,
        )
        self.threads = stored.threads
        labels, division = np.load(stored.path("data/train_labels.npy")), stored.subset_indices()
        self.rows, _ = split_indices(stored.fit["stored"]["part"], len(labels), division)
        # All rows are asked for by a slice, which copies nothing.
        chosen = self.rows if division is not None else slice(None)
        self.labels = labels[chosen]
        self.points = to_vectors(stored.train_inputs()[chosen], self.params["metric"])

    def predict(self, values: np.ndarray) -> Predictions:
        """Votes on images given as pixels or features (N, D)."""
        queries = to_vectors(values, self.params["metric"])
        neighbors, squares = self._search(queries, self.params["n_neighbors"])
        proba = predict_proba(self.labels[neighbors], self.n_classes, neighbor_weights(squares, self.params))
        return Predictions(proba.argmax(axis=1), proba, self.rows[neighbors])

    def _search(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.params["ann"]:
            return knn(self.points, queries, count, self.threads)
        neighbors, squares = self._index.search(queries, count, MIN_BLOCK_MB)
        check_enough_neighbors(self.name, neighbors)
        return neighbors, squares

    @cached_property
    def _index(self) -> IVFIndex:
        index = IVFIndex(
            self.points, np.arange(len(self.points)), "euclidean", self.params["ann"], self.threads
        )
        index.add(index.blocks)
        return index

    def to_exportable(self) -> Any:
        """The same for ONNX: a module. Raises UserError if the file would be too large."""
        from cifarbench.models.knn.torch_module import KNNModule

        if self.params["ann"]:
            raise UserError(
                f"{self.name} searches approximately, which ONNX can't express; export an exact model."
            )
        if self.points.nbytes > MAX_BYTES:
            raise UserError(
                f"{self.name} keeps all its {len(self.points):,} training images, {self.points.nbytes / 1e6:.0f} MB; "
                f"a file of at most {MAX_BYTES / 1e6:.0f} MB is exported: take neighbours on fewer features."
            )
        return KNNModule(self.points, self.labels, self.n_classes, self.params)

    def tied(self, values: np.ndarray) -> np.ndarray:
        """For which images float32 can't tell who is among the neighbours, or whether one is at no distance: (N,)."""
        queries, count = to_vectors(values, self.params["metric"]), self.params["n_neighbors"]
        _, squares = knn(self.points, queries, min(count + 1, len(self.points)), self.threads)
        level = TIE_TOLERANCE * (np.square(queries).sum(axis=1) + np.square(self.points).sum(axis=1).mean())
        last = squares[:, count] - squares[:, count - 1] < level if squares.shape[1] > count else False
        first = squares[:, 0] < level if self.params["weights"] == "distance" else False
        return np.zeros(len(values), bool) | last | first
