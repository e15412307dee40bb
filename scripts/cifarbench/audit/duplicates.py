"""Images that are there twice, or nearly: exactly, or shifted, mirrored, brighter, cropped, written anew."""

from typing import NamedTuple

import numpy as np

from cifarbench.audit.alignment import Alignment, align
from cifarbench.audit.candidates import Pairs, candidates
from cifarbench.audit.files import SIMILAR
from cifarbench.audit.views import SIDE, edges, small_grey, zoom

# For each image, so many pairs get a first look; for each such ten, one gets the closer look.
FIRST_LOOK, CLOSER_LOOK = 0.6, 0.1
LEAST_FIRST, LEAST_CLOSER = 1200, 300
# Of 1: what is told of at all; what is taken for a copy, unless this dataset's images are more alike as it is.
LISTED, COPY = 0.45, 0.66
# How far a copy stands out from what is usual among neighbours: deviations from the median, as of a normal law.
OUTSTANDING, SAMPLE = 4.0, 200
# Pictures of few details: from this correlation of their edges on they are copies, if these are no noise (of 255).
SAME_EDGES, NO_NOISE = 0.95, 2.0
# What is less is no other crop, no other light (gain, and offset of 255).
CROP, GAIN, OFFSET = 1.1, 0.12, 10.0

KINDS = ("identical", "mirrored", "cropped", "shifted", "brightened", "re-encoded", SIMILAR)


class Duplicates(NamedTuple):
    """Pairs, the strongest first, (P,) each: places in all images, what the second is to the first, and the score."""

    first: np.ndarray
    second: np.ndarray
    kind: np.ndarray
    score: np.ndarray


def find(
    images: np.ndarray,
    image_shape: tuple[int, int, int],
    threads: int,
    flippable: bool = True,
    seed: int = 0,
    n_train: int | None = None,
) -> tuple[Duplicates, float]:
    """All pairs of near-copies among images (N, C*H*W) uint8, and the score from which one is taken for a copy.

    Identical images have score 1, each with the first of its kind. The others are found among the nearest by two
    descriptions and scored by `align`. What is below the score for copies is called similar. seed: draws the pairs
    that tell what is usual. n_train: how many are training images; the others, which follow, are test images.

    A test image is told of with the training image that is closest to it alone, and within the training images or the
    test images a pair is told of unless both are closer to others: the rest follows.
    """
    grey = small_grey(images, image_shape)
    found = candidates(grey, threads, flippable)
    least = _usual(grey, found, threads, seed)
    same_first, same_second = identical(images)
    pairs = _looked_at(grey, found, threads)
    best = align(grey, pairs.first, pairs.second, pairs.mirrored, threads=threads)
    is_new = ~np.isin(_keys(pairs.first, pairs.second), _keys(same_first, same_second))
    score = np.maximum(
        best.score, [_of_edges(*_laid(grey, pairs, best, row)) for row in range(len(best.score))]
    )
    chosen = np.flatnonzero(is_new & (score >= LISTED))
    kinds = [_kind(grey, pairs, best, row) if score[row] >= least else KINDS.index(SIMILAR) for row in chosen]
    rest = chosen[np.argsort(-score[chosen], kind="stable")]
    rest = rest[_closest(pairs.first[rest], pairs.second[rest], len(images) if n_train is None else n_train)]
    by_row = dict(zip(chosen.tolist(), kinds, strict=True))
    return Duplicates(
        np.concatenate([same_first, pairs.first[rest]]),
        np.concatenate([same_second, pairs.second[rest]]),
        np.array([0] * len(same_first) + [by_row[row] for row in rest.tolist()], np.int64),
        np.concatenate([np.ones(len(same_first)), score[rest].astype(np.float64)]),
    ), least


def identical(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of images (N, D) with the same bytes: each that was there before, and the place of the first of them."""
    seen: dict[bytes, int] = {}
    pairs = [
        (first, place)
        for place, image in enumerate(images)
        if (first := seen.setdefault(np.asarray(image).tobytes(), place)) != place
    ]
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


def _usual(grey: np.ndarray, found: list[Pairs], threads: int, seed: int) -> float:
    """The score from which a pair is taken for a copy.

    Among photographs neighbours have little in common, among drawn digits nearly all: a copy is what stands out.
    """
    pairs = found[0]
    some = np.random.default_rng(seed).permutation(len(pairs.first))[:SAMPLE]
    if not len(some):
        return COPY
    scores = align(grey, pairs.first[some], pairs.second[some], pairs.mirrored[some], threads=threads).score
    middle = np.median(scores)
    spread = 1.4826 * np.median(np.abs(scores - middle))
    return float(max(COPY, min(middle + OUTSTANDING * spread, 0.99)))


def _looked_at(grey: np.ndarray, found: list[Pairs], threads: int) -> Pairs:
    """The pairs that are worth a closer look, after a first look at shifts alone."""
    first_look = max(LEAST_FIRST, int(FIRST_LOOK * len(grey)))
    closer = max(LEAST_CLOSER, int(CLOSER_LOOK * len(grey)))
    some = [Pairs(*(values[: first_look // len(found)] for values in pairs)) for pairs in found]
    pairs = Pairs(*(np.concatenate(values) for values in zip(*some, strict=True)))
    keys = _keys(pairs.first, pairs.second) * 2 + pairs.mirrored
    _, firsts = np.unique(keys, return_index=True)
    pairs = Pairs(*(values[firsts] for values in pairs))
    score = align(grey, pairs.first, pairs.second, pairs.mirrored, (1.0,), threads).score
    # Crops show at a larger scale alone, so the descriptions have a say, too.
    best = np.argsort(-np.maximum(score, pairs.near - 0.35), kind="stable")[:closer]
    pairs = Pairs(*(values[best] for values in pairs))
    # Of a pair that was looked at both ways, the better one.
    _, firsts = np.unique(_keys(pairs.first, pairs.second), return_index=True)
    return Pairs(*(values[np.sort(firsts)] for values in pairs))


def _keys(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first.astype(np.int64) << 32 | second.astype(np.int64)


def _kind(grey: np.ndarray, pairs: Pairs, best: Alignment, row: int) -> int:
    """What the second image of a pair is to the first: where both show the same, how it was changed."""
    scale, down, across = float(best.scale[row]), int(best.down[row]), int(best.across[row])
    if pairs.mirrored[row]:
        return KINDS.index("mirrored")
    if abs(scale) >= CROP:
        return KINDS.index("cropped")
    if down or across:
        return KINDS.index("shifted")
    one, other = _laid(grey, pairs, best, row)
    lit = abs(other.std() / max(one.std(), 1e-6) - 1) > GAIN or abs(other.mean() - one.mean()) > OFFSET
    return KINDS.index("brightened" if lit else "re-encoded")


def _of_edges(one: np.ndarray, other: np.ndarray) -> float:
    """What two images have in common by their edges, from COPY on where SAME_EDGES is reached; else 0."""
    own, others = edges(one[None])[0], edges(other[None])[0]
    if min(own.std(), others.std()) < NO_NOISE:
        return 0.0
    same = np.corrcoef(own.ravel(), others.ravel())[0, 1]
    return float(COPY + (same - SAME_EDGES) / (1 - SAME_EDGES) * (1 - COPY)) if same >= SAME_EDGES else 0.0


def _laid(grey: np.ndarray, pairs: Pairs, best: Alignment, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Both images of a pair, the second laid upon the first; where it leaves the first bare, its border is repeated."""
    scale, down, across = float(best.scale[row]), int(best.down[row]), int(best.across[row])
    larger = zoom(abs(scale))
    one, other = grey[pairs.first[row]], grey[pairs.second[row]]
    if pairs.mirrored[row]:
        other = other[:, ::-1]
    one, other = (one, larger @ other @ larger.T) if scale > 0 else (larger @ one @ larger.T, other)
    rows, columns = (np.clip(np.arange(SIDE) - shift, 0, SIDE - 1) for shift in (down, across))
    return one, other[rows][:, columns]
