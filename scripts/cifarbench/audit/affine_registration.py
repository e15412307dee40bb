"""One image laid upon another more exactly than by whole pixels: stretched, turned and sheared as it suits best.

After Baker and Matthews, Lucas-Kanade 20 years on (2004), inverse compositional. A copy gains more by it than images
that only resemble each other: fine details agree where they meet to a fraction of a pixel, or nowhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cifarbench.audit.descriptors import SIDE, DownscaledImages, bandpass_features
from cifarbench.audit.translation_registration import BORDER, PAIRS_PER_BATCH, PLAIN, Registration
from cifarbench.runtime.threads import map_threaded

MAX_ITERATIONS = 8
# Share of each parameter's own curvature that is added to it: smaller steps, where details say little.
DAMPING = 0.05
# Colours that differ less than this from place to place, of 255, count as little.
MIN_CONTRAST = 5.0
# How much stronger than the other's details one's may be taken to be.
GAIN = 2.0
MIDDLE = (SIDE - 1) / 2
# Each pixel's place, down and across from the middle, and a one: (3, SIDE * SIDE).
POSITIONS = np.stack(
    [*(np.mgrid[:SIDE, :SIDE] - MIDDLE).reshape(2, -1), np.ones(SIDE * SIDE)], dtype=np.float32
)


class RegisteredPairs(NamedTuple):
    """Pairs of images, one laid upon the other.

    score: what they have in common, (P,), 1 at most, as that of an Alignment. colour: the correlation of their colours,
    0 to 1, (P,). still, moved: the grey images (P, SIDE, SIDE), the one that is enlarged the second; where it leaves
    the first bare, its border is repeated.
    """

    score: np.ndarray
    color_similarity: np.ndarray
    fixed: np.ndarray
    moved: np.ndarray


def register_affine(
    small: DownscaledImages,
    first: np.ndarray,
    second: np.ndarray,
    mirrored: np.ndarray,
    best: Registration,
    threads: int = 1,
) -> RegisteredPairs:
    """Pairs of small images, laid upon each other from the best alignment on.

    first, second, mirrored: (P,), as `align` takes them.
    """

    def of_some(start: int) -> RegisteredPairs:
        some = slice(start, start + PAIRS_PER_BATCH)
        own, others, flip = first[some], second[some], mirrored[some]
        # The enlarged one is moved: none of its pixels is passed over.
        swapped = best.scale[some] < 0

        def sides(of: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            one, other = of(own), of(others)
            other[flip] = other[flip][..., ::-1]
            turned = np.expand_dims(swapped, tuple(range(1, one.ndim)))
            return np.where(turned, other, one), np.where(turned, one, other)

        still, moving = sides(small.__getitem__)
        matrix = _matched(
            bandpass_features(still),
            bandpass_features(moving),
            _start(Registration(*(v[some] for v in best))),
        )
        moved, inside = _moved(moving[:, None], matrix)
        moved = moved.reshape(still.shape)
        colours, moving = sides(small.chroma)
        colour = _same_colours(colours, _moved(moving, matrix)[0], inside)
        return RegisteredPairs(
            _score(bandpass_features(still), bandpass_features(moved), inside), colour, still, moved
        )

    parts = map_threaded(of_some, range(0, len(first), PAIRS_PER_BATCH), threads)
    none, images = np.empty(0, np.float32), np.empty((0, SIDE, SIDE), np.float32)
    return RegisteredPairs(
        *(
            np.concatenate(values)
            for values in zip(*parts, RegisteredPairs(none, none, images, images), strict=True)
        )
    )


def _start(best: Registration) -> np.ndarray:
    """Which place of the moved image lies upon a place of the other, by an alignment: (P, 3, 3)."""
    size = 1 / np.abs(best.scale)
    sign = np.where(best.scale > 0, -size, size)
    matrix = np.zeros((len(size), 3, 3), np.float32)
    matrix[:, 0, 0] = matrix[:, 1, 1] = size
    matrix[:, 0, 2], matrix[:, 1, 2] = sign * best.dy, sign * best.dx
    matrix[:, 2, 2] = 1
    return matrix


def _matched(still: np.ndarray, moving: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The best of the matrices (P, 3, 3) that are met on the way from a first one.

    still, moving: details (P, bands, SIDE, SIDE).
    """
    slopes = np.stack(np.gradient(still, axis=(2, 3)), axis=2).reshape(*still.shape[:2], 2, 1, -1)
    # (P, bands * pixels, 6): how details change with each number in the matrix's first two rows.
    change = (slopes * POSITIONS).reshape(*still.shape[:2], 6, -1).swapaxes(2, 3).reshape(len(still), -1, 6)
    curvature = change.swapaxes(1, 2) @ change
    own = np.einsum("pii->pi", curvature)
    curvature += (DAMPING * own[:, :, None] + 1e-3) * np.eye(6, dtype=np.float32)
    inverse = np.linalg.inv(curvature) @ change.swapaxes(1, 2)
    flat = still.reshape(*still.shape[:2], -1)
    found, highest = matrix.copy(), np.full(len(matrix), -np.inf, np.float32)
    for turn in range(MAX_ITERATIONS + 1):
        moved, inside = _moved(moving, matrix)
        within = inside[:, None]
        common, strength = (flat * moved * within).sum((1, 2)), (np.square(moved) * within).sum((1, 2))
        share = inside.mean(axis=1, dtype=np.float32)
        score = _common(common, (np.square(flat) * within).sum((1, 2)), strength, share) * np.sqrt(share)
        better = score > highest
        highest[better], found[better] = score[better], matrix[better]
        if turn == MAX_ITERATIONS:
            return found
        gain = np.clip(common / np.maximum(strength, 1e-3), 1 / GAIN, GAIN)
        error = (gain[:, None, None] * moved - flat) * within
        step = np.tile(np.eye(3, dtype=np.float32), (len(matrix), 1, 1))
        step[:, :2] += (inverse @ error.reshape(len(matrix), -1, 1)).reshape(-1, 2, 3)
        matrix = matrix @ np.linalg.inv(step)
    raise AssertionError


def _moved(images: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images (P, C, SIDE, SIDE) at the places that a matrix says, between pixels linearly, and where they have any.

    Returns (P, C, SIDE * SIDE) and (P, SIDE * SIDE) bool.
    """
    places = matrix[:, :2] @ POSITIONS + np.float32(MIDDLE)
    inside = ((places > -0.5) & (places < SIDE - 0.5)).all(axis=1)
    places = np.clip(places, 0, SIDE - 1)
    low = np.minimum(places.astype(np.int32), SIDE - 2)
    (down, across), corner = (places - low).swapaxes(0, 1)[:, :, None], low[:, 0] * SIDE + low[:, 1]
    flat = images.reshape(*images.shape[:2], -1)

    def at(offset: int) -> np.ndarray:
        return np.take_along_axis(flat, corner[:, None] + offset, axis=2)

    upper = at(0) * (1 - across) + at(1) * across
    lower = at(SIDE) * (1 - across) + at(SIDE + 1) * across
    return upper * (1 - down) + lower * down, inside


def _score(still: np.ndarray, moved: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """As `align` scores: of the whole or of what is within the border, whichever is lower; (P,)."""
    inner = np.zeros((SIDE, SIDE), bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    products = [
        (one * other).sum(axis=1).reshape(len(inside), -1)
        for one, other in ((still, moved), (still, still), (moved, moved))
    ]
    scores = [
        _common(*((values * within).sum(axis=1) for values in products), within.mean(axis=1))
        for within in (inside, inside & inner.ravel())
    ]
    # The less overlaps, the easier it agrees.
    return np.minimum(*scores) * np.sqrt(inside.mean(axis=1, dtype=np.float32))


def _common(product: np.ndarray, own: np.ndarray, others: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (product / (np.sqrt(own * others) + PLAIN * share)).astype(np.float32)


def _same_colours(still: np.ndarray, moved: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The correlation of colours (P, C, ...) where both images are, whatever the tint of either; (P,), 0 at least."""
    within = inside[:, None]
    count = np.maximum(inside.sum(axis=1), 1)[:, None, None]
    one, other = (
        (values - (values * within).sum(axis=2, keepdims=True) / count) * within
        for values in (still.reshape(moved.shape), moved)
    )
    strength = np.sqrt(np.square(one).sum((1, 2)) * np.square(other).sum((1, 2)))
    faint = MIN_CONTRAST**2 * moved.shape[1] * count[:, 0, 0]
    return np.maximum((one * other).sum((1, 2)) / (strength + faint), 0).astype(np.float32)
