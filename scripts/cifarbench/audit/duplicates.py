"""Find exact and near duplicates: shifted, mirrored, brightened, cropped, re-encoded images."""

import hashlib
from typing import NamedTuple

import numpy as np

from cifarbench.audit.affine_registration import RegisteredPairs, register_affine
from cifarbench.audit.candidate_pairs import ImagePairs, find_candidate_pairs, pair_keys
from cifarbench.audit.descriptors import DownscaledImages, Rows, edge_map, iter_blocks
from cifarbench.audit.image_index import NEAR_MISS
from cifarbench.audit.translation_registration import Registration, register_translation

# Pairs per image that are aligned by shifts alone, and at every scale; and the minimum of both.
COARSE_PAIRS_PER_IMAGE, FINE_PAIRS_PER_IMAGE = 0.6, 0.1
MIN_COARSE_PAIRS, MIN_FINE_PAIRS = 1200, 300
# Scores from which pairs are listed, and are duplicates unless the images of the dataset are more similar in general.
MIN_SIMILARITY, DUPLICATE_THRESHOLD = 0.5, 0.76
# Share of the difference to 1 by which equal colours raise a score.
COLOR_WEIGHT = 0.5
# Deviations of a duplicate from the median of neighbours, in robust standard deviations; the pairs of that median.
OUTLIER_MADS, N_SAMPLED_PAIRS = 4.0, 200
# Images with few details are duplicates from this correlation of edges on, if these are stronger than noise (of 255).
EDGE_CORR_MIN, EDGE_STD_MIN = 0.95, 2.0
# Minimum scale of a crop, and minimum change of gain and offset (of 255) of another brightness.
CROP, GAIN, OFFSET = 1.1, 0.12, 10.0

TYPES = ("identical", "mirrored", "cropped", "shifted", "brightness_changed", "re-encoded", NEAR_MISS)


class DuplicatePairs(NamedTuple):
    """Pairs, the strongest first, (P,) each: indices among all images, index of the type in TYPES, and the score."""

    first: np.ndarray
    second: np.ndarray
    type: np.ndarray
    score: np.ndarray


def find_near_duplicates(
    images: Rows,
    image_shape: tuple[int, int, int],
    threads: int,
    hflip_safe: bool = True,
    seed: int = 0,
    n_train: int | None = None,
    only_closest: bool = True,
) -> tuple[DuplicatePairs, float]:
    """Return all near-duplicates among two or more images, and the score from which a pair is a duplicate.

    Identical images have score 1 and are listed with the first of them. Of the others, a test image is listed with the
    closest training image only, and a pair within one split unless both images are closer to others.

    Parameters
    ----------
    images : (N, C*H*W) uint8, training images first.
    hflip_safe : search for mirrored images, too.
    seed : seed of the sample of pairs that the threshold depends on.
    n_train : the number of training images; all by default.
    only_closest : whether to list these pairs only; groups of duplicates need all.
    """
    downscaled = DownscaledImages(images, image_shape)
    candidates = find_candidate_pairs(downscaled, threads, hflip_safe)
    threshold = _duplicate_threshold(downscaled, candidates[0], threads, seed)
    first, second = find_exact_duplicates(images)
    pairs = _promising_pairs(downscaled, candidates, threads)
    aligned, registered, score = _score(downscaled, pairs, threads)
    is_new = ~np.isin(pairs.keys, pair_keys(first, second))
    listed = np.flatnonzero(is_new & (score >= MIN_SIMILARITY))
    listed = listed[np.argsort(-score[listed], kind="stable")]
    if only_closest:
        listed = listed[_is_closest(pairs.at(listed), len(images) if n_train is None else n_train)]
    types = [
        _type(pairs, aligned, registered, int(row)) if score[row] >= threshold else TYPES.index(NEAR_MISS)
        for row in listed
    ]
    return DuplicatePairs(
        np.concatenate([first, pairs.first[listed]]),
        np.concatenate([second, pairs.second[listed]]),
        np.array([TYPES.index("identical")] * len(first) + types, np.int64),
        np.concatenate([np.ones(len(first)), score[listed].astype(np.float64)]),
    ), threshold


def find_exact_duplicates(images: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of images (N, D) with equal bytes, (P,) int64 each: the first image, and a later one."""
    first_index: dict[bytes, int] = {}
    pairs = []
    for rows, block in iter_blocks(images):
        for index, image in enumerate(block, rows.start):
            # 16 bytes per image are in memory.
            digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            earlier = first_index.setdefault(digest, index)
            if earlier != index:
                pairs.append((earlier, index))
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return first, second


def _is_closest(pairs: ImagePairs, n_train: int) -> np.ndarray:
    """Return which pairs (P,), sorted by score, are the first of their test image, or of either image."""
    seen: set[tuple[int, bool]] = set()
    is_closest = []
    for first, second in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
        across = first < n_train <= second
        images = {(second, across)} if across else {(first, across), (second, across)}
        is_closest.append(not images <= seen)
        seen |= images
    return np.array(is_closest, bool)


def _score(
    images: DownscaledImages, pairs: ImagePairs, threads: int
) -> tuple[Registration, RegisteredPairs, np.ndarray]:
    """Return the aligned pairs and their scores (P,)."""
    aligned = register_translation(images, pairs, threads=threads)
    registered = register_affine(images, pairs, aligned, threads)
    # Rounding can exceed 1.
    similarity = np.minimum(np.maximum.reduce([aligned.score, registered.score, _edge_score(registered)]), 1)
    # Equal colours make duplicates more likely; other colours do not make them less likely.
    return aligned, registered, 1 - (1 - similarity) * (1 - COLOR_WEIGHT * registered.color_similarity)


def _duplicate_threshold(images: DownscaledImages, pairs: ImagePairs, threads: int, seed: int) -> float:
    """Return the score from which a pair is a duplicate: an outlier among the scores of neighbours."""
    sample = np.random.default_rng(seed).permutation(len(pairs.first))[:N_SAMPLED_PAIRS]
    *_, scores = _score(images, pairs.at(sample), threads)
    median = np.median(scores)
    spread = 1.4826 * np.median(np.abs(scores - median))
    return float(max(DUPLICATE_THRESHOLD, min(median + OUTLIER_MADS * spread, 0.99)))


def _promising_pairs(images: DownscaledImages, candidates: list[ImagePairs], threads: int) -> ImagePairs:
    """Return the pairs that are worth aligning at every scale, after an alignment by shifts alone."""
    n_coarse = max(MIN_COARSE_PAIRS, int(COARSE_PAIRS_PER_IMAGE * len(images)))
    n_fine = max(MIN_FINE_PAIRS, int(FINE_PAIRS_PER_IMAGE * len(images)))
    pairs = ImagePairs.concatenate([part.at(slice(n_coarse // len(candidates))) for part in candidates])
    _, firsts = np.unique(pairs.keys * 2 + pairs.is_mirrored, return_index=True)
    pairs = pairs.at(firsts)
    score = register_translation(images, pairs, (1.0,), threads).score
    # Crops match only at a larger scale, so the similarity of the descriptors counts, too.
    pairs = pairs.at(np.argsort(-np.maximum(score, pairs.similarity - 0.35), kind="stable")[:n_fine])
    # Keep the better of both alignments, mirrored or not.
    _, firsts = np.unique(pairs.keys, return_index=True)
    return pairs.at(np.sort(firsts))


def _type(pairs: ImagePairs, aligned: Registration, registered: RegisteredPairs, row: int) -> int:
    """Return the index in TYPES of a pair of duplicates, by the change of the second image."""
    if pairs.is_mirrored[row]:
        return TYPES.index("mirrored")
    if abs(float(aligned.scale[row])) >= CROP:
        return TYPES.index("cropped")
    if aligned.dy[row] or aligned.dx[row]:
        return TYPES.index("shifted")
    fixed, moved = registered.fixed[row], registered.moved[row]
    gain, offset = moved.std() / max(fixed.std(), 1e-6) - 1, moved.mean() - fixed.mean()
    return TYPES.index("brightness_changed" if abs(gain) > GAIN or abs(offset) > OFFSET else "re-encoded")


def _edge_score(registered: RegisteredPairs) -> np.ndarray:
    """Return DUPLICATE_THRESHOLD to 1 by the correlation of edges from EDGE_CORR_MIN on, else 0: (P,) float32."""
    fixed, moved = (
        edge_map(images).reshape(len(images), -1) for images in (registered.fixed, registered.moved)
    )
    fixed -= fixed.mean(axis=1, keepdims=True)
    moved -= moved.mean(axis=1, keepdims=True)
    spread = fixed.std(axis=1), moved.std(axis=1)
    correlation = (fixed * moved).mean(axis=1) / np.maximum(spread[0] * spread[1], 1e-6)
    is_same = (correlation >= EDGE_CORR_MIN) & (np.minimum(*spread) >= EDGE_STD_MIN)
    share = (correlation - EDGE_CORR_MIN) / (1 - EDGE_CORR_MIN)
    return np.where(is_same, DUPLICATE_THRESHOLD + share * (1 - DUPLICATE_THRESHOLD), 0).astype(np.float32)
