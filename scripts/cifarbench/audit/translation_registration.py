"""How much two images have in common, once one is laid upon the other as well as it can be."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from cifarbench.audit.descriptors import SIDE, DownscaledImages, bandpass_features, zoom_matrix
from cifarbench.runtime.threads import map_threaded

# How far an image may be shifted, in pixels of the small one; how much enlarged, one or the other.
MAX_SHIFT = 6
SCALES = (1.0, 1.07, 1.14, 1.22, 1.32)
# Frames are alike around any picture: what lies within such a border has to agree, too.
BORDER = 5
# A picture without details has nothing in common with another: so many units of them, of all, count as none.
PLAIN = 60.0
PAIRS_PER_BATCH = 256
PADDED_SIDE = next_fast_len(SIDE + MAX_SHIFT, real=True)
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)


class Registration(NamedTuple):
    """The best of all ways to lay one image upon another; (P,) float32 each.

    score: what they have in common, 1 at most. scale: by how much the second is enlarged, or the first if negative.
    down, across: by how many pixels it is shifted.
    """

    score: np.ndarray
    scale: np.ndarray
    dy: np.ndarray
    dx: np.ndarray


def register_translation(
    small: np.ndarray | DownscaledImages,
    first: np.ndarray,
    second: np.ndarray,
    mirrored: np.ndarray,
    scales: tuple[float, ...] = SCALES,
    threads: int = 1,
) -> Registration:
    """The best alignment of pairs of small grey images (N, SIDE, SIDE), over shifts and scales.

    first, second: (P,) int, their places. mirrored: (P,) bool, whether the second is to be mirrored. The score is the
    correlation of their details where they overlap, in every band alike, of the whole or of what is within BORDER,
    whichever is lower.
    """

    def of_some(start: int) -> Registration:
        some = slice(start, start + PAIRS_PER_BATCH)
        own, others = small[first[some]], small[second[some]]
        others[mirrored[some]] = others[mirrored[some]][:, :, ::-1]
        return _best([*_ways(own, others, scales)])

    starts = range(0, len(first), PAIRS_PER_BATCH)
    parts = [*map_threaded(of_some, starts, threads)] or [Registration(*[np.empty(0, np.float32)] * 4)]
    return Registration(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _ways(first: np.ndarray, second: np.ndarray, scales: tuple[float, ...]) -> Iterator[Registration]:
    """The best shift at each scale; (P, SIDE, SIDE) each."""
    as_they_are = _Side.of(first), _Side.of(second)
    for scale in scales:
        if scale == 1:
            yield _shifted(*as_they_are, scale)
        else:
            larger = zoom_matrix(scale)
            yield _shifted(as_they_are[0], _Side.of(larger @ second @ larger.T), scale)
            yield _shifted(_Side.of(larger @ first @ larger.T), as_they_are[1], -scale)


def _best(ways: list[Registration]) -> Registration:
    chosen = np.argmax([way.score for way in ways], axis=0)
    return Registration(
        *(np.stack(values)[chosen, np.arange(len(chosen))] for values in zip(*ways, strict=True))
    )


class _Side(NamedTuple):
    """One image of each pair: transforms of its details, whole and within the border, and sums of their squares."""

    whole: np.ndarray
    inner: np.ndarray
    sums: np.ndarray

    @classmethod
    def of(cls, grey: np.ndarray) -> "_Side":
        found = bandpass_features(grey)
        inner = np.zeros_like(found)
        within = slice(BORDER, SIDE - BORDER)
        inner[..., within, within] = found[..., within, within]
        sums = np.zeros((len(grey), SIDE + 1, SIDE + 1), np.float32)
        np.square(found).sum(axis=1).cumsum(axis=1).cumsum(axis=2, out=sums[:, 1:, 1:])
        padded = (PADDED_SIDE, PADDED_SIDE)
        return cls(rfft2(found, padded), rfft2(inner, padded), sums)

    def strength(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Sums of squares in squares (P, shifts, shifts): from start to stop, each the same down and across."""
        rows, columns = np.ix_(stop, stop), np.ix_(start, start)
        mixed, swapped = np.ix_(start, stop), np.ix_(stop, start)
        total = self.sums[:, rows[0], rows[1]] + self.sums[:, columns[0], columns[1]]
        return total - self.sums[:, mixed[0], mixed[1]] - self.sums[:, swapped[0], swapped[1]]


def _shifted(first: _Side, second: _Side, scale: float) -> Registration:
    """The best shift of the second image upon the first."""
    whole = _score(first.whole, second.whole, *_overlap(first, second, 0), PLAIN)
    inner = _score(
        first.inner, second.whole, *_overlap(first, second, BORDER), PLAIN * (1 - 2 * BORDER / SIDE) ** 2
    )
    # The less overlaps, the easier it agrees.
    left = np.sqrt(1 - np.abs(SHIFTS) / SIDE)
    score = (np.minimum(whole, inner) * left[:, None] * left).astype(np.float32)
    place = score.reshape(len(score), -1).argmax(axis=1)
    down, across = (SHIFTS[axis].astype(np.float32) for axis in np.divmod(place, len(SHIFTS)))
    best = score.reshape(len(score), -1)[np.arange(len(score)), place]
    return Registration(best, np.full(len(score), scale, np.float32), down, across)


def _overlap(first: _Side, second: _Side, border: int) -> tuple[np.ndarray, np.ndarray]:
    """The strength of both where they overlap, within a border of the first: (P, shifts, shifts) each."""
    start = np.maximum(border, SHIFTS)
    stop = np.minimum(SIDE - border, SIDE + SHIFTS)
    return first.strength(start, stop), second.strength(start - SHIFTS, stop - SHIFTS)


def _score(
    first: np.ndarray, second: np.ndarray, own: np.ndarray, others: np.ndarray, plain: float
) -> np.ndarray:
    product = irfft2((first * second.conj()).sum(axis=1), (PADDED_SIDE, PADDED_SIDE))
    product = product[:, SHIFTS[:, None], SHIFTS]
    return product / (np.sqrt(np.maximum(own * others, 0)) + plain)
