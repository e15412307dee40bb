"""Images that are there twice, or nearly: exactly, or shifted, mirrored, brighter, cropped, written anew."""

import hashlib
from typing import NamedTuple

import numpy as np

from cifarbench.audit.affine_registration import RegisteredPairs, register_affine
from cifarbench.audit.candidate_pairs import ImagePairs, find_candidate_pairs
from cifarbench.audit.descriptors import BLOCK_ROWS, DownscaledImages, Rows, edge_map
from cifarbench.audit.image_index import NEAR_MISS
from cifarbench.audit.translation_registration import Registration, register_translation

# For each image, so many pairs get a first look; for each such ten, one gets the closer look.
COARSE_PAIRS_PER_IMAGE, FINE_PAIRS_PER_IMAGE = 0.6, 0.1
MIN_COARSE_SCORE, MIN_FINE_SCORE = 1200, 300
# Of 1: what is told of at all; what is taken for a copy, unless this dataset's images are more alike as it is.
MIN_SIMILARITY, DUPLICATE_THRESHOLD = 0.5, 0.76
# How much of what is missing to 1 the same colours can make up for.
COLOR_WEIGHT = 0.5
# How far a copy stands out from what is usual among neighbours: deviations from the median, as of a normal law.
OUTLIER_MADS, N_SAMPLED_PAIRS = 4.0, 200
# Pictures of few details: from this correlation of their edges on they are copies, if these are no noise (of 255).
EDGE_CORR_MIN, EDGE_STD_MIN = 0.95, 2.0
# What is less is no other crop, no other light (gain, and offset of 255).
CROP, GAIN, OFFSET = 1.1, 0.12, 10.0

TYPES = ("identical", "mirrored", "cropped", "shifted", "brightness_changed", "re-encoded", NEAR_MISS)


class DuplicatePairs(NamedTuple):
    """Pairs, the strongest first, (P,) each: places in all images, what the second is to the first, and the score."""

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
) -> tuple[DuplicatePairs, float]:
    """All pairs of near-copies among images (N, C*H*W) uint8, and the score from which one is taken for a copy.

    Identical images have score 1, each with the first of its kind. The others are found among the nearest by two
    descriptions and scored by `align`. What is below the score for copies is called similar. seed: draws the pairs
    that tell what is usual. n_train: how many are training images; the others, which follow, are test images.

    A test image is told of with the training image that is closest to it alone, and within the training images or the
    test images a pair is told of unless both are closer to others: the rest follows.
    """
    small = DownscaledImages(images, image_shape)
    found = find_candidate_pairs(small, threads, hflip_safe)
    least = _usual(small, found, threads, seed)
    same_first, same_second = find_exact_duplicates(images)
    pairs = _looked_at(small, found, threads)
    best, laid, score = _scored(small, pairs, threads)
    is_new = ~np.isin(_keys(pairs.first, pairs.second), _keys(same_first, same_second))
    chosen = np.flatnonzero(is_new & (score >= MIN_SIMILARITY))
    kinds = [
        _kind(pairs, best, laid, row) if score[row] >= least else TYPES.index(NEAR_MISS) for row in chosen
    ]
    rest = chosen[np.argsort(-score[chosen], kind="stable")]
    rest = rest[_closest(pairs.first[rest], pairs.second[rest], len(images) if n_train is None else n_train)]
    by_row = dict(zip(chosen.tolist(), kinds, strict=True))
    return DuplicatePairs(
        np.concatenate([same_first, pairs.first[rest]]),
        np.concatenate([same_second, pairs.second[rest]]),
        np.array([0] * len(same_first) + [by_row[row] for row in rest.tolist()], np.int64),
        np.concatenate([np.ones(len(same_first)), score[rest].astype(np.float64)]),
    ), least


def find_exact_duplicates(images: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of images (N, D) with the same bytes: each that was there before, and the place of the first of them."""
    seen: dict[bytes, int] = {}
    pairs = []
    for start in range(0, len(images), BLOCK_ROWS):
        for place, image in enumerate(images[start : start + BLOCK_ROWS], start):
            # Of an image, 16 bytes are kept.
            first = seen.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), place)
            if first != place:
                pairs.append((first, place))
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _closest(first: np.ndarray, second: np.ndarray, n_train: int) -> np.ndarray:
    """Of pairs (P,), the strongest first, those that are the strongest of a test image, or of either image."""
    seen: set[tuple[int, bool]] = set()
    kept = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        across = one < n_train <= other
        images = {(other, across)} if across else {(one, across), (other, across)}
        kept.append(not images <= seen)
        seen |= images
    return np.array(kept, bool)


def _scored(
    small: DownscaledImages, pairs: ImagePairs, threads: int
) -> tuple[Registration, RegisteredPairs, np.ndarray]:
    """Pairs as they are laid upon each other, and what they have in common: (P,)."""
    first, second, mirrored, _ = pairs
    best = register_translation(small, first, second, mirrored, threads=threads)
    laid = register_affine(small, first, second, mirrored, best, threads)
    # Rounding can exceed 1.
    alike = np.minimum(np.maximum.reduce([best.score, laid.score, _of_edges(laid)]), 1)
    # The same shape in the same colours is a copy sooner; other colours prove nothing.
    return best, laid, 1 - (1 - alike) * (1 - COLOR_WEIGHT * laid.color_similarity)


def _usual(small: DownscaledImages, found: list[ImagePairs], threads: int, seed: int) -> float:
    """The score from which a pair is taken for a copy.

    Among photographs neighbours have little in common, among drawn digits nearly all: a copy is what stands out.
    """
    some = np.random.default_rng(seed).permutation(len(found[0].first))[:N_SAMPLED_PAIRS]
    if not len(some):
        return DUPLICATE_THRESHOLD
    *_, scores = _scored(small, ImagePairs(*(values[some] for values in found[0])), threads)
    middle = np.median(scores)
    spread = 1.4826 * np.median(np.abs(scores - middle))
    return float(max(DUPLICATE_THRESHOLD, min(middle + OUTLIER_MADS * spread, 0.99)))


def _looked_at(small: DownscaledImages, found: list[ImagePairs], threads: int) -> ImagePairs:
    """The pairs that are worth a closer look, after a first look at shifts alone."""
    first_look = max(MIN_COARSE_SCORE, int(COARSE_PAIRS_PER_IMAGE * len(small)))
    closer = max(MIN_FINE_SCORE, int(FINE_PAIRS_PER_IMAGE * len(small)))
    some = [ImagePairs(*(values[: first_look // len(found)] for values in pairs)) for pairs in found]
    pairs = ImagePairs(*(np.concatenate(values) for values in zip(*some, strict=True)))
    keys = _keys(pairs.first, pairs.second) * 2 + pairs.is_mirrored
    _, firsts = np.unique(keys, return_index=True)
    pairs = ImagePairs(*(values[firsts] for values in pairs))
    score = register_translation(small, pairs.first, pairs.second, pairs.is_mirrored, (1.0,), threads).score
    # Crops show at a larger scale alone, so the descriptions have a say, too.
    best = np.argsort(-np.maximum(score, pairs.similarity - 0.35), kind="stable")[:closer]
    pairs = ImagePairs(*(values[best] for values in pairs))
    # Of a pair that was looked at both ways, the better one.
    _, firsts = np.unique(_keys(pairs.first, pairs.second), return_index=True)
    return ImagePairs(*(values[np.sort(firsts)] for values in pairs))


def _keys(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first.astype(np.int64) << 32 | second.astype(np.int64)


def _kind(pairs: ImagePairs, best: Registration, laid: RegisteredPairs, row: int) -> int:
    """What the second image of a pair is to the first: where both show the same, how it was changed."""
    scale, down, across = float(best.scale[row]), int(best.dy[row]), int(best.dx[row])
    if pairs.is_mirrored[row]:
        return TYPES.index("mirrored")
    if abs(scale) >= CROP:
        return TYPES.index("cropped")
    if down or across:
        return TYPES.index("shifted")
    one, other = laid.fixed[row], laid.moved[row]
    lit = abs(other.std() / max(one.std(), 1e-6) - 1) > GAIN or abs(other.mean() - one.mean()) > OFFSET
    return TYPES.index("brightness_changed" if lit else "re-encoded")


def _of_edges(laid: RegisteredPairs) -> np.ndarray:
    """What two images have in common by their edges, from COPY on where SAME_EDGES is reached, else 0: (P,)."""
    own, others = (edge_map(images).reshape(len(images), -1) for images in (laid.fixed, laid.moved))
    own -= own.mean(axis=1, keepdims=True)
    others -= others.mean(axis=1, keepdims=True)
    strength = own.std(axis=1), others.std(axis=1)
    same = (own * others).mean(axis=1) / np.maximum(strength[0] * strength[1], 1e-6)
    told = (same >= EDGE_CORR_MIN) & (np.minimum(*strength) >= EDGE_STD_MIN)
    return np.where(
        told,
        DUPLICATE_THRESHOLD + (same - EDGE_CORR_MIN) / (1 - EDGE_CORR_MIN) * (1 - DUPLICATE_THRESHOLD),
        0,
    ).astype(np.float32)
