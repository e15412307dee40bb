"""k nearest neighbours asked again: what a study has stored of them, and their votes on other images."""

from functools import cached_property
from typing import Any

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.approximate import check_complete
from cifarbench.neighbors.ivf import IVFIndex
from cifarbench.neighbors.search import nearest, points_of
from cifarbench.neighbors.voting import voices, vote_shares
from cifarbench.study.errors import UserError
from cifarbench.study.stored import Answers, Stored

# What an exported file may hold: more is no file to hand on, or to open in a browser.
MOST_BYTES = 250e6
# Two squares of distances that differ by less than this share of the points' own squares are one to float32.
TIED = 1e-5
# What a study had memory for is here in memory already.
ANY_MB = 1e6


class Predictor:
    """The neighbours of a stored model."""

    def __init__(self, stored: Stored):
        self.name, self.params, self.n_classes = (
            stored.run,
            stored.params,
            stored.n_classes,
        )
        self.threads = stored.threads
        labels, division = np.load(stored.within("data/train_labels.npy")), stored.division()
        self.rows, _ = rows_of(stored.fit["stored"]["part"], len(labels), division)
        # All rows are asked for by a slice, which copies nothing.
        chosen = self.rows if division is not None else slice(None)
        self.labels = labels[chosen]
        self.points = points_of(stored.values()[chosen], self.params["metric"])

    def predict(self, values: np.ndarray) -> Answers:
        """Votes on images given as pixels or features (N, D)."""
        queries = points_of(values, self.params["metric"])
        neighbors, squares = self._search(queries, self.params["n_neighbors"])
        proba = vote_shares(self.labels[neighbors], self.n_classes, voices(squares, self.params))
        return Answers(proba.argmax(axis=1), proba, self.rows[neighbors])

    def _search(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.params["ann"]:
            return nearest(self.points, queries, count, self.threads)
        neighbors, squares = self._index.search(queries, count, ANY_MB)
        check_complete(self.name, neighbors)
        return neighbors, squares

    @cached_property
    def _index(self) -> IVFIndex:
        index = IVFIndex(
            self.points, np.arange(len(self.points)), "euclidean", self.params["ann"], self.threads
        )
        index.add(index.blocks)
        return index

    def stage(self) -> Any:
        """The same for ONNX: a module. Raises UserError if the file would be too large."""
        from cifarbench.neighbors.module import Neighbors

        if self.params["ann"]:
            raise UserError(
                f"{self.name} searches approximately, which ONNX can't express; export an exact model."
            )
        if self.points.nbytes > MOST_BYTES:
            raise UserError(
                f"{self.name} keeps all its {len(self.points):,} training images, {self.points.nbytes / 1e6:.0f} MB; "
                f"a file of at most {MOST_BYTES / 1e6:.0f} MB is exported: take neighbours on fewer features."
            )
        return Neighbors(self.points, self.labels, self.n_classes, self.params)

    def tied(self, values: np.ndarray) -> np.ndarray:
        """For which images float32 can't tell who is among the neighbours, or whether one is at no distance: (N,)."""
        queries, count = points_of(values, self.params["metric"]), self.params["n_neighbors"]
        _, squares = nearest(self.points, queries, min(count + 1, len(self.points)), self.threads)
        level = TIED * (np.square(queries).sum(axis=1) + np.square(self.points).sum(axis=1).mean())
        last = squares[:, count] - squares[:, count - 1] < level if squares.shape[1] > count else False
        first = squares[:, 0] < level if self.params["weights"] == "distance" else False
        return np.zeros(len(values), bool) | last | first
