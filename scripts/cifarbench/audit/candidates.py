"""Which pairs of images are worth a closer look: those most alike by two descriptions, mirrored or not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit.views import (
    BLOCK_ROWS,
    SIDE,
    details,
    mirrored_details,
    mirrored_outlines,
    outlines,
)

# Values that a description is brought down to. Pairs that are sought, and kept, for each image.
N_VALUES, SOUGHT, KEPT = 128, 30, 4
SAMPLE = 1000


class Pairs(NamedTuple):
    """Pairs of images, (P,) each: the places of both, the first the lower, and whether the second is mirrored.

    near: how alike their descriptions are, 1 at most.
    """

    first: np.ndarray
    second: np.ndarray
    mirrored: np.ndarray
    near: np.ndarray


def candidates(grey: np.ndarray, threads: int, flippable: bool = True) -> list[Pairs]:
    """Pairs of small grey images (N, SIDE, SIDE), each once, by each description, the most alike first.

    flippable: whether a mirrored image shows the same; if not, mirrored copies are not sought. An image takes part in
    KEPT pairs that are nearer than its others, and in those that others need.
    """
    found = []
    for describe, mirror in ((_details, mirrored_details(SIDE // 2)), (outlines, mirrored_outlines())):
        described = _described(grey, describe, threads)
        project = _principal(described)
        points = project(described)
        pairs = [_nearest(points, points, False)]
        if flippable:
            pairs.append(_nearest(points, project(described[:, mirror]), True))
        found.append(_once(Pairs(*(np.concatenate(values) for values in zip(*pairs, strict=True)))))
    return found


def _details(grey: np.ndarray) -> np.ndarray:
    """Details at half the size, (n, D)."""
    found = details(grey)
    halved = found.reshape(*found.shape[:2], SIDE // 2, 2, SIDE // 2, 2).mean(axis=(3, 5))
    return halved.reshape(len(grey), -1)


def _described(grey: np.ndarray, describe: Callable[[np.ndarray], np.ndarray], threads: int) -> np.ndarray:
    """Descriptions (N, D) float32, each of unit length."""
    blocks = [grey[start : start + BLOCK_ROWS] for start in range(0, len(grey), BLOCK_ROWS)]
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return np.concatenate([*pool.map(lambda block: _unit(describe(block)), blocks)])


def _principal(described: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What brings descriptions down to their principal components, of unit length."""
    mean = described.mean(axis=0)
    products = described.T @ described / len(described) - np.outer(mean, mean)
    _, vectors = np.linalg.eigh(products)
    basis = np.ascontiguousarray(vectors[:, -N_VALUES:], np.float32)
    return lambda others: _unit((others - mean) @ basis)


def _unit(points: np.ndarray) -> np.ndarray:
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-6)


def _nearest(points: np.ndarray, queries: np.ndarray, mirrored: bool) -> Pairs:
    """The pairs that are most alike, SOUGHT an image on average, and of these KEPT an image.

    A query is the image of the same place, mirrored perhaps: the first mirrored is to the second as the second
    mirrored to the first, so each pair is looked at once.
    """
    count = len(points)
    rows = np.unique(np.linspace(0, count - 1, min(SAMPLE, count)).astype(int))
    sample = queries[rows] @ points.T
    share = min(2 * SOUGHT / count, 1)
    least = np.partition(sample.ravel(), int((1 - share) * (sample.size - 1)))[
        int((1 - share) * (sample.size - 1))
    ]
    found = []
    for start in range(0, count, BLOCK_ROWS):
        near = queries[start : start + BLOCK_ROWS] @ points[start:].T
        # Each pair once, and no image with itself.
        near[:, : len(near)][np.tril_indices(len(near))] = -1
        first, second = np.nonzero(near >= least)
        found.append((first + start, second + start, near[first, second]))
    first, second, near = (np.concatenate(values) for values in zip(*found, strict=True))
    kept = _kept(first, second, near, count)
    return Pairs(first[kept], second[kept], np.full(len(kept), mirrored), near[kept])


def _kept(first: np.ndarray, second: np.ndarray, near: np.ndarray, count: int) -> np.ndarray:
    """Those pairs that are among the KEPT nearest of either image."""
    order = np.argsort(-near, kind="stable")
    pairs = np.concatenate([order, order])
    images = np.concatenate([first[order], second[order]])
    ranks = np.concatenate([np.arange(len(order))] * 2)
    by_image = np.lexsort((ranks, images))
    images, pairs = images[by_image], pairs[by_image]
    starts = np.searchsorted(images, np.arange(count))
    place = np.arange(len(images)) - starts[images]
    return np.unique(pairs[place < KEPT])


def _once(pairs: Pairs) -> Pairs:
    """Each pair once, in the way that makes its images most alike; the most alike first."""
    order = np.lexsort((pairs.mirrored, pairs.second, pairs.first, -pairs.near))
    pairs = Pairs(*(values[order] for values in pairs))
    _, firsts = np.unique(pairs.first << 32 | pairs.second, return_index=True)
    return Pairs(*(values[np.sort(firsts)] for values in pairs))
