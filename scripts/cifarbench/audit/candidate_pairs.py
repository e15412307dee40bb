"""Find candidate pairs for the search of duplicates: nearest neighbours by two descriptors, mirrored or not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cifarbench.audit.descriptors import BLOCK_ROWS, SIDE, DownscaledImages, bandpass_features, hog_features
from cifarbench.runtime.faiss_setup import faiss
from cifarbench.runtime.threads import map_threaded

# Principal components of a descriptor, and the number of images that they are fitted to.
N_COMPONENTS, N_FITTED = 128, 20_000
# Neighbours that each image is paired with.
N_NEIGHBORS = 4


class ImagePairs(NamedTuple):
    """Pairs of images, (P,) each: the index of the first and of the second, which is higher.

    is_mirrored: the second image is mirrored. similarity: of the descriptors, at most 1.
    """

    first: np.ndarray
    second: np.ndarray
    is_mirrored: np.ndarray
    similarity: np.ndarray

    @classmethod
    def concatenate(cls, parts: list["ImagePairs"]) -> "ImagePairs":
        """Return the pairs of all parts, in order."""
        return cls(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def at(self, rows: np.ndarray | slice) -> "ImagePairs":
        """Return the pairs of these rows."""
        return ImagePairs(*(values[rows] for values in self))

    @property
    def keys(self) -> np.ndarray:
        """Return one number for both indices: (P,) int64."""
        return pair_keys(self.first, self.second)


def pair_keys(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return one number for each pair of indices: (P,) int64."""
    return first.astype(np.int64) << 32 | second.astype(np.int64)


def find_candidate_pairs(images: DownscaledImages, threads: int, hflip_safe: bool = True) -> list[ImagePairs]:
    """Return pairs of each image and its N_NEIGHBORS nearest, by each of the two descriptors, most similar first.

    hflip_safe: search for mirrored images, too. About 2 kB per image are in memory.
    """
    faiss.omp_set_num_threads(threads)
    by_descriptor = []
    for describe in (_halved_bandpass, hog_features):
        points, mirrored = _project(images, describe, hflip_safe, threads)
        pairs = [_nearest(points, points, False)]
        if mirrored is not None:
            pairs.append(_nearest(points, mirrored, True))
        by_descriptor.append(_unique(ImagePairs.concatenate(pairs)))
    return by_descriptor


def _halved_bandpass(gray: np.ndarray) -> np.ndarray:
    """Return details at half the resolution, (n, D)."""
    features = bandpass_features(gray)
    halved = features.reshape(*features.shape[:2], SIDE // 2, 2, SIDE // 2, 2).mean(axis=(3, 5))
    return halved.reshape(len(gray), -1)


def _project(
    images: DownscaledImages, describe: Callable[[np.ndarray], np.ndarray], hflip_safe: bool, threads: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return principal components of unit length, (N, N_COMPONENTS) float32, of images and of mirrored images."""

    def describe_rows(rows: np.ndarray) -> np.ndarray:
        return _normalize(describe(images[rows]))

    def project(gray: np.ndarray) -> np.ndarray:
        return _normalize((_normalize(describe(gray)) - mean) @ basis)

    def project_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        gray = images[rows]
        return project(gray), project(gray[:, :, ::-1]) if hflip_safe else None

    sample = np.unique(np.linspace(0, len(images) - 1, min(N_FITTED, len(images))).astype(int))
    fitted = np.concatenate([*map_threaded(describe_rows, _blocks(sample), threads)])
    mean = fitted.mean(axis=0)
    covariance = fitted.T @ fitted / len(fitted) - np.outer(mean, mean)
    del fitted
    _, vectors = np.linalg.eigh(covariance)
    basis = np.ascontiguousarray(vectors[:, -N_COMPONENTS:], np.float32)
    projected = map_threaded(project_rows, _blocks(np.arange(len(images))), threads)
    points, mirrored = zip(*projected, strict=True)
    return np.concatenate(points), np.concatenate(mirrored) if hflip_safe else None


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS)]


def _normalize(points: np.ndarray) -> np.ndarray:
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-6)


def _nearest(points: np.ndarray, queries: np.ndarray, mirrored: bool) -> ImagePairs:
    """Return pairs of each query and its N_NEIGHBORS nearest points, without the point of the same index."""
    n_neighbors = min(N_NEIGHBORS + 1, len(points))
    similarity, neighbors = faiss.knn(queries, points, n_neighbors, metric=faiss.METRIC_INNER_PRODUCT)
    rows = np.broadcast_to(np.arange(len(points))[:, None], neighbors.shape)
    is_other = neighbors != rows
    rows, neighbors, similarity = rows[is_other], neighbors[is_other], similarity[is_other]
    first, second = np.minimum(rows, neighbors), np.maximum(rows, neighbors)
    return ImagePairs(first, second, np.full(len(similarity), mirrored), similarity)


def _unique(pairs: ImagePairs) -> ImagePairs:
    """Return each pair once, mirrored if that is more similar; the most similar first."""
    pairs = pairs.at(np.lexsort((pairs.is_mirrored, pairs.second, pairs.first, -pairs.similarity)))
    _, firsts = np.unique(pairs.keys, return_index=True)
    return pairs.at(np.sort(firsts))
