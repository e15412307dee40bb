"""How far the last of a query's neighbours will be, as the distances of the nearest centres tell it."""

from typing import Self

import numpy as np

# Of queries, the share whose neighbours are to be no further than foretold, and how many there must be for each weight.
SHARE, EACH = 0.998, 10
TINY = np.finfo(np.float32).tiny


class Reach:
    """A line through logarithms of distances: far centres have far neighbours around them."""

    def __init__(self, weights: np.ndarray):
        self.weights = weights

    @classmethod
    def fit(cls, centres: np.ndarray, last: np.ndarray) -> Self | None:
        """Learn from some queries, or None if too few of them have a last neighbour at some distance.

        centres: squares of distances to the nearest centres (M, n), nearest first. last: of the last neighbour (M,).
        """
        known = (last > TINY) & np.isfinite(last)
        told, apart = _told(centres[known]), np.log(last[known])
        if len(told) < EACH * told.shape[1]:
            return None
        weights, *_ = np.linalg.lstsq(told, apart, rcond=None)
        weights[-1] += np.quantile(apart - told @ weights, SHARE)
        return cls(weights)

    def of(self, centres: np.ndarray) -> np.ndarray:
        """Squares of distances (M,) within which most queries have their neighbours. centres: as above."""
        with np.errstate(over="ignore"):
            return np.exp(_told(centres) @ self.weights)


def _told(centres: np.ndarray) -> np.ndarray:
    """Logarithms of the squares of the first, second, fourth, eighth, and so on, and ones: (M, weights) float64."""
    ranks = 2 ** np.arange(centres.shape[1].bit_length()) - 1
    told = np.log(np.maximum(centres[:, ranks], TINY).astype(np.float64))
    return np.column_stack([told, np.ones(len(told))])
