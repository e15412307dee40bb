"""Align two images by the shift and scale that maximise the correlation of their details."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from cifarbench.audit.candidate_pairs import ImagePairs
from cifarbench.audit.descriptors import SIDE, DownscaledImages, bandpass_features
from cifarbench.features.resampling import zoom_matrix
from cifarbench.runtime.threads import map_threaded

# The largest shift, in pixels of the downscaled image, and the scales of either image.
MAX_SHIFT = 6
SCALES = (1.0, 1.07, 1.14, 1.22, 1.32)
# The part within this border, in pixels, must agree, too, since unrelated images can have equal frames.
BORDER = 5
# Added to the strength of the details in the denominator, so that images with few details score low.
MIN_STRENGTH = 60.0
PAIRS_PER_BATCH = 256
PADDED_SIDE = next_fast_len(SIDE + MAX_SHIFT, real=True)
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)


class Registration(NamedTuple):
    """The best alignment of each pair; (P,) float32 each.

    score: the correlation, at most 1. scale: the enlargement of the second image, or of the first if negative. dy, dx:
    the shift in pixels.
    """

    score: np.ndarray
    scale: np.ndarray
    dy: np.ndarray
    dx: np.ndarray


def register_translation(
    images: DownscaledImages, pairs: ImagePairs, scales: tuple[float, ...] = SCALES, threads: int = 1
) -> Registration:
    """Return the best alignment of each pair over shifts and scales.

    The score is the correlation of details in the whole overlap of the images or within BORDER, whichever is lower.
    """

    def register(start: int) -> Registration:
        batch = pairs.at(slice(start, start + PAIRS_PER_BATCH))
        first, second = images[batch.first], images[batch.second]
        second[batch.is_mirrored] = second[batch.is_mirrored][:, :, ::-1]
        return _best([*_register_scales(first, second, scales)])

    parts = map_threaded(register, range(0, len(pairs.first), PAIRS_PER_BATCH), threads)
    return Registration(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _register_scales(
    first: np.ndarray, second: np.ndarray, scales: tuple[float, ...]
) -> Iterator[Registration]:
    """Yield the best shift at each scale; images are (P, SIDE, SIDE)."""
    unscaled = _Side.of(first), _Side.of(second)
    for scale in scales:
        if scale == 1:
            yield _register_shift(*unscaled, scale)
        else:
            zoom = zoom_matrix(SIDE, scale)
            yield _register_shift(unscaled[0], _Side.of(zoom @ second @ zoom.T), scale)
            yield _register_shift(_Side.of(zoom @ first @ zoom.T), unscaled[1], -scale)


def _best(candidates: list[Registration]) -> Registration:
    chosen = np.argmax([candidate.score for candidate in candidates], axis=0)
    columns = zip(*candidates, strict=True)
    return Registration(*(np.stack(values)[chosen, np.arange(len(chosen))] for values in columns))


class _Side(NamedTuple):
    """One image of each pair: transforms of its details, whole and within the border, and sums of their squares."""

    whole: np.ndarray
    inner: np.ndarray
    sums: np.ndarray

    @classmethod
    def of(cls, gray: np.ndarray) -> "_Side":
        details = bandpass_features(gray)
        inner = np.zeros_like(details)
        within = slice(BORDER, SIDE - BORDER)
        inner[..., within, within] = details[..., within, within]
        sums = np.zeros((len(gray), SIDE + 1, SIDE + 1), np.float32)
        np.square(details).sum(axis=1).cumsum(axis=1).cumsum(axis=2, out=sums[:, 1:, 1:])
        padded = (PADDED_SIDE, PADDED_SIDE)
        return cls(rfft2(details, padded), rfft2(inner, padded), sums)

    def strength(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Return sums of squares over rows and columns from start to stop: (P, shifts, shifts)."""
        columns = self.sums[:, :, stop] - self.sums[:, :, start]
        return columns[:, stop] - columns[:, start]


def _register_shift(first: _Side, second: _Side, scale: float) -> Registration:
    """Return the best shift of the second image."""
    whole = _score(first.whole, second.whole, *_overlap(first, second, 0), MIN_STRENGTH)
    inner_strength = MIN_STRENGTH * (1 - 2 * BORDER / SIDE) ** 2
    inner = _score(first.inner, second.whole, *_overlap(first, second, BORDER), inner_strength)
    # A small overlap agrees more easily.
    overlap = np.sqrt(1 - np.abs(SHIFTS) / SIDE)
    score = (np.minimum(whole, inner) * overlap[:, None] * overlap).astype(np.float32)
    score = score.reshape(len(score), -1)
    position = score.argmax(axis=1)
    dy, dx = (SHIFTS[axis].astype(np.float32) for axis in np.divmod(position, len(SHIFTS)))
    best = score[np.arange(len(score)), position]
    return Registration(best, np.full(len(score), scale, np.float32), dy, dx)


def _overlap(first: _Side, second: _Side, border: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the strength of both where they overlap, within a border of the first: (P, shifts, shifts) each."""
    start = np.maximum(border, SHIFTS)
    stop = np.minimum(SIDE - border, SIDE + SHIFTS)
    return first.strength(start, stop), second.strength(start - SHIFTS, stop - SHIFTS)


def _score(
    first: np.ndarray, second: np.ndarray, strength: np.ndarray, other_strength: np.ndarray, least: float
) -> np.ndarray:
    product = irfft2((first * second.conj()).sum(axis=1), (PADDED_SIDE, PADDED_SIDE))
    product = product[:, SHIFTS[:, None], SHIFTS]
    return product / (np.sqrt(np.maximum(strength * other_strength, 0)) + least)
