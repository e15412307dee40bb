"""Which pairs of images are worth a closer look: those most alike by two descriptions, mirrored or not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cifarbench.audit.descriptors import (
    BLOCK_ROWS,
    SIDE,
    DownscaledImages,
    bandpass_features,
    hog,
    mirror_index_bandpass,
    mirror_index_hog,
)
from cifarbench.runtime.threads import map_threaded

# Values that a description is brought down to, and the images whose descriptions say which.
N_VALUES, N_COMPONENTS = 128, 20_000
# Pairs that are sought, and kept, for each image; images of which a sample says how alike these are.
PAIRS_PER_IMAGE, TOP_K, N_SAMPLED_IMAGES = 30, 4, 1000
# Images of a tile, down and across: what they have in common stays in the processor's cache.
TILE_SIZE = 512, 2048


class ImagePairs(NamedTuple):
    """Pairs of images, (P,) each: the places of both, the first the lower, and whether the second is mirrored.

    near: how alike their descriptions are, 1 at most.
    """

    first: np.ndarray
    second: np.ndarray
    is_mirrored: np.ndarray
    similarity: np.ndarray


def find_candidate_pairs(small: DownscaledImages, threads: int, hflip_safe: bool = True) -> list[ImagePairs]:
    """Pairs of small images, each once, by each description, the most alike first.

    hflip_safe: whether a mirrored image shows the same; if not, mirrored copies are not sought. An image takes part in
    KEPT pairs that are nearer than its others, and in those that others need. About 3 kB an image are in memory.
    """
    found = []
    for describe, mirror in ((_details, mirror_index_bandpass(SIDE // 2)), (hog, mirror_index_hog())):
        points, mirrored = _points(small, describe, mirror if hflip_safe else None, threads)
        pairs = [_nearest(points, points, False, threads)]
        if mirrored is not None:
            pairs.append(_nearest(points, mirrored, True, threads))
        found.append(_once(ImagePairs(*(np.concatenate(values) for values in zip(*pairs, strict=True)))))
    return found


def _details(grey: np.ndarray) -> np.ndarray:
    """Details at half the size, (n, D)."""
    found = bandpass_features(grey)
    halved = found.reshape(*found.shape[:2], SIDE // 2, 2, SIDE // 2, 2).mean(axis=(3, 5))
    return halved.reshape(len(grey), -1)


def _points(
    small: DownscaledImages,
    describe: Callable[[np.ndarray], np.ndarray],
    mirror: np.ndarray | None,
    threads: int,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Principal components of descriptions, of unit length: (N, N_VALUES) float32, and those of mirrored images.

    mirror: which values of a description are which of the mirrored image's; None if these are not asked for.
    """

    def described(rows: np.ndarray) -> np.ndarray:
        return _unit(describe(small[rows]))

    def projected(values: np.ndarray) -> np.ndarray:
        return _unit((values - mean) @ basis)

    def both(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        values = described(rows)
        return projected(values), None if mirror is None else projected(values[:, mirror])

    some = np.unique(np.linspace(0, len(small) - 1, min(N_COMPONENTS, len(small))).astype(int))
    learned = np.concatenate([*map_threaded(described, _blocks(some), threads)])
    mean = learned.mean(axis=0)
    products = learned.T @ learned / len(learned) - np.outer(mean, mean)
    del learned
    _, vectors = np.linalg.eigh(products)
    basis = np.ascontiguousarray(vectors[:, -N_VALUES:], np.float32)
    points, mirrored = zip(*map_threaded(both, _blocks(np.arange(len(small))), threads), strict=True)
    return np.concatenate(points), None if mirror is None else np.concatenate(mirrored)


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS)]


def _unit(points: np.ndarray) -> np.ndarray:
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-6)


def _nearest(points: np.ndarray, queries: np.ndarray, mirrored: bool, threads: int) -> ImagePairs:
    """The pairs that are most alike, SOUGHT an image on average, and of these KEPT an image.

    A query is the image of the same place, mirrored perhaps: the first mirrored is to the second as the second
    mirrored to the first, so each pair is looked at once.
    """
    count = len(points)
    least = _least(points, queries)

    def among(corner: tuple[int, int]) -> tuple[np.ndarray, ...]:
        top, left = corner
        near = queries[top : top + TILE_SIZE[0]] @ points[left : left + TILE_SIZE[1]].T
        if left < top + TILE_SIZE[0]:
            # Each pair once, and no image with itself.
            near[np.arange(left, left + near.shape[1]) <= np.arange(top, top + len(near))[:, None]] = -2
        first, second = np.divmod(np.flatnonzero(near >= least), near.shape[1])
        return (first + top).astype(np.int32), (second + left).astype(np.int32), near[first, second]

    corners = [
        (top, left)
        for top in range(0, count, TILE_SIZE[0])
        for left in range(top // TILE_SIZE[1] * TILE_SIZE[1], count, TILE_SIZE[1])
    ]
    found = map_threaded(among, corners, threads)
    first, second, near = (np.concatenate(values) for values in zip(*found, strict=True))
    kept = _kept(first, second, near, count)
    pairs = (first[kept].astype(np.int64), second[kept].astype(np.int64))
    return ImagePairs(*pairs, np.full(len(kept), mirrored), near[kept])


def _least(points: np.ndarray, queries: np.ndarray) -> float:
    """How alike the pairs are that are sought, from those of a sample of images with another."""
    count = len(points)
    rows, others = (
        np.unique(np.linspace(0, count - 1, min(size, count)).astype(int))
        for size in (N_SAMPLED_IMAGES, N_COMPONENTS)
    )
    near = (queries[rows] @ points[others].T)[rows[:, None] != others]
    place = int((1 - min(2 * PAIRS_PER_IMAGE / count, 1)) * (near.size - 1))
    return float(np.partition(near, place)[place])


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
    return np.unique(pairs[place < TOP_K])


def _once(pairs: ImagePairs) -> ImagePairs:
    """Each pair once, in the way that makes its images most alike; the most alike first."""
    order = np.lexsort((pairs.is_mirrored, pairs.second, pairs.first, -pairs.similarity))
    pairs = ImagePairs(*(values[order] for values in pairs))
    _, firsts = np.unique(pairs.first << 32 | pairs.second, return_index=True)
    return ImagePairs(*(values[np.sort(firsts)] for values in pairs))
