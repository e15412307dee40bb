"""The training images that voted in models of nearest neighbours, for the explorer."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

# Neighbours of all images and models together: with more, each image has fewer.
MAX_NEIGHBORS = 200_000
# Pixels of all thumbnails, about 3 MB: with more images, they are smaller.
MAX_PIXELS = 9_000_000
# Pixels of the longest side of a thumbnail; smaller ones show nothing, and are left out.
MIN_SIDE, MAX_SIDE = 12, 64
# As small as WebP allows: a thumbnail may colour the edge of the next one.
FORMAT = {"block": 4, "quality": 60}
MAX_UINT16 = 65_535


@dataclass(frozen=True)
class Neighbors:
    """The nearest training images of the images of the page.

    rows: (n, k) int, rows of the training images, nearest first. distances: (n, k) float32. n_voting: the number that
    vote, which may be more.
    """

    rows: np.ndarray
    distances: np.ndarray
    n_voting: int


def pack_neighbors(
    models: dict[int, Neighbors],
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[int, dict[str, Any]]]:
    """Return the rows (m,) of the training images to show, ascending, and what the page has of each model.

    models: by their numbers. `neighbors` (n * k,) are positions in the rows, and `distances` in units of the largest
    one / 65535. The last value has `shown`, `voting` and `farthest` of each model.
    """
    n_images = max(len(model.rows) for model in models.values())
    n_shown = max(MAX_NEIGHBORS // (n_images * len(models)), 1)
    shown = {number: model.rows[:, :n_shown] for number, model in models.items()}
    rows = np.unique(np.concatenate([of_model.ravel() for of_model in shown.values()]))
    arrays, facts = {}, {}
    for number, model in models.items():
        distances = model.distances[:, :n_shown].astype(float)
        farthest = float(distances.max())
        positions = np.searchsorted(rows, shown[number]).ravel()
        arrays[f"{number}/neighbors"] = positions.astype(np.min_scalar_type(len(rows)))
        scaled = np.round(distances / (farthest or 1) * MAX_UINT16)
        arrays[f"{number}/distances"] = scaled.astype(np.uint16).ravel()
        facts[number] = {"shown": distances.shape[1], "voting": model.n_voting, "farthest": farthest}
    return rows, arrays, facts


def thumbnail_side(n_images: int) -> int | None:
    """Return the longest side of thumbnails, in pixels, by their number; None for too many."""
    side = min(math.isqrt(MAX_PIXELS // n_images) // FORMAT["block"] * FORMAT["block"], MAX_SIDE)
    return side if side >= MIN_SIDE else None
