"""Refine an alignment to a fraction of a pixel, by an affine transformation.

Baker and Matthews, Lucas-Kanade 20 years on (2004), inverse compositional. It raises the score of duplicates more than
that of similar images, since fine details agree only in exact matches.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cifarbench.audit.candidate_pairs import ImagePairs
from cifarbench.audit.descriptors import SIDE, DownscaledImages, bandpass_features
from cifarbench.audit.translation_registration import BORDER, MIN_STRENGTH, PAIRS_PER_BATCH, Registration
from cifarbench.runtime.threads import map_threaded

MAX_ITERATIONS = 8
# Share of each parameter's curvature that is added to it, for smaller steps in images with few details.
DAMPING = 0.05
# Colours whose standard deviation is less than this, of 255, count little.
MIN_CONTRAST = 5.0
# The largest ratio of the strengths of both images' details that is compensated.
MAX_GAIN = 2.0
CENTER = (SIDE - 1) / 2
# Each pixel's position, down and across from the centre, and a one: (3, SIDE * SIDE).
POSITIONS = np.stack(
    [*(np.mgrid[:SIDE, :SIDE] - CENTER).reshape(2, -1), np.ones(SIDE * SIDE)], dtype=np.float32
)


class RegisteredPairs(NamedTuple):
    """Aligned pairs of images.

    score: the correlation of details, (P,), at most 1. color_similarity: the correlation of colours, 0 to 1, (P,).
    fixed, moved: the grey images (P, SIDE, SIDE), the enlarged one second, with a repeated border.
    """

    score: np.ndarray
    color_similarity: np.ndarray
    fixed: np.ndarray
    moved: np.ndarray


def register_affine(
    images: DownscaledImages, pairs: ImagePairs, start: Registration, threads: int = 1
) -> RegisteredPairs:
    """Return pairs of images aligned by affine transformations, starting from an alignment by shift and scale."""

    def register(first_row: int) -> RegisteredPairs:
        rows = slice(first_row, first_row + PAIRS_PER_BATCH)
        batch, aligned = pairs.at(rows), Registration(*(values[rows] for values in start))
        # The enlarged image is moved, so that none of its pixels is skipped.
        swapped = aligned.scale < 0

        def load(read: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            first, second = read(batch.first), read(batch.second)
            second[batch.is_mirrored] = second[batch.is_mirrored][..., ::-1]
            is_swapped = np.expand_dims(swapped, tuple(range(1, first.ndim)))
            return np.where(is_swapped, second, first), np.where(is_swapped, first, second)

        fixed, moving = load(images.__getitem__)
        details = bandpass_features(fixed)
        matrix = _estimate(details, bandpass_features(moving), _to_matrix(aligned))
        moved, inside = _warp(moving[:, None], matrix)
        moved = moved.reshape(fixed.shape)
        colors, moving_colors = load(images.chroma)
        similarity = _color_similarity(colors, _warp(moving_colors, matrix)[0], inside)
        return RegisteredPairs(_score(details, bandpass_features(moved), inside), similarity, fixed, moved)

    parts = map_threaded(register, range(0, len(pairs.first), PAIRS_PER_BATCH), threads)
    return RegisteredPairs(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _to_matrix(aligned: Registration) -> np.ndarray:
    """Return the matrices (P, 3, 3) that map positions of the fixed image to positions of the moved one."""
    size = 1 / np.abs(aligned.scale)
    sign = np.where(aligned.scale > 0, -size, size)
    matrix = np.zeros((len(size), 3, 3), np.float32)
    matrix[:, 0, 0] = matrix[:, 1, 1] = size
    matrix[:, 0, 2], matrix[:, 1, 2] = sign * aligned.dy, sign * aligned.dx
    matrix[:, 2, 2] = 1
    return matrix


def _estimate(fixed: np.ndarray, moving: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the best of the matrices (P, 3, 3) of all iterations from a first one.

    fixed, moving: details (P, bands, SIDE, SIDE).
    """
    slopes = np.stack(np.gradient(fixed, axis=(2, 3)), axis=2).reshape(*fixed.shape[:2], 2, 1, -1)
    # (P, bands * pixels, 6): the derivative of details by each number in the matrix's first two rows.
    jacobian = (slopes * POSITIONS).reshape(*fixed.shape[:2], 6, -1).swapaxes(2, 3).reshape(len(fixed), -1, 6)
    curvature = jacobian.swapaxes(1, 2) @ jacobian
    diagonal = np.einsum("pii->pi", curvature)
    curvature += (DAMPING * diagonal[:, :, None] + 1e-3) * np.eye(6, dtype=np.float32)
    inverse = np.linalg.inv(curvature) @ jacobian.swapaxes(1, 2)
    flat = fixed.reshape(*fixed.shape[:2], -1)
    best, highest = matrix.copy(), np.full(len(matrix), -np.inf, np.float32)
    for _ in range(MAX_ITERATIONS + 1):
        moved, inside = _warp(moving, matrix)
        mask = inside[:, None]
        product, strength = (flat * moved * mask).sum((1, 2)), (np.square(moved) * mask).sum((1, 2))
        overlap = inside.mean(axis=1, dtype=np.float32)
        fixed_strength = (np.square(flat) * mask).sum((1, 2))
        score = _correlation(overlap, product, fixed_strength, strength) * np.sqrt(overlap)
        better = score > highest
        highest[better], best[better] = score[better], matrix[better]
        gain = np.clip(product / np.maximum(strength, 1e-3), 1 / MAX_GAIN, MAX_GAIN)
        error = (gain[:, None, None] * moved - flat) * mask
        step = np.tile(np.eye(3, dtype=np.float32), (len(matrix), 1, 1))
        step[:, :2] += (inverse @ error.reshape(len(matrix), -1, 1)).reshape(-1, 2, 3)
        matrix = matrix @ np.linalg.inv(step)
    return best


def _warp(images: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images (P, C, SIDE, SIDE) transformed by matrices, with linear interpolation, and where they have pixels.

    Returns (P, C, SIDE * SIDE) and (P, SIDE * SIDE) bool.
    """
    positions = matrix[:, :2] @ POSITIONS + np.float32(CENTER)
    inside = np.asarray(((positions > -0.5) & (positions < SIDE - 0.5)).all(axis=1))
    positions = np.clip(positions, 0, SIDE - 1)
    low = np.minimum(positions.astype(np.int32), SIDE - 2)
    (down, across), corner = (positions - low).swapaxes(0, 1)[:, :, None], low[:, 0] * SIDE + low[:, 1]
    flat = images.reshape(*images.shape[:2], -1)

    def at(offset: int) -> np.ndarray:
        return np.take_along_axis(flat, corner[:, None] + offset, axis=2)

    upper = at(0) * (1 - across) + at(1) * across
    lower = at(SIDE) * (1 - across) + at(SIDE + 1) * across
    return upper * (1 - down) + lower * down, inside


def _score(fixed: np.ndarray, moved: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the score of `register_translation`, of the overlap or within the border, the lower one; (P,)."""
    inner = np.zeros((SIDE, SIDE), bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    products = [
        (left * right).sum(axis=1).reshape(len(inside), -1)
        for left, right in ((fixed, moved), (fixed, fixed), (moved, moved))
    ]
    scores = [
        _correlation(mask.mean(axis=1), *((values * mask).sum(axis=1) for values in products))
        for mask in (inside, inside & inner.ravel())
    ]
    # A small overlap agrees more easily.
    return np.minimum(*scores) * np.sqrt(inside.mean(axis=1, dtype=np.float32))


def _correlation(
    overlap: np.ndarray, product: np.ndarray, strength: np.ndarray, other_strength: np.ndarray
) -> np.ndarray:
    return (product / (np.sqrt(strength * other_strength) + MIN_STRENGTH * overlap)).astype(np.float32)


def _color_similarity(fixed: np.ndarray, moved: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the correlation of colours (P, C, ...) in the overlap, independent of the tint: (P,), at least 0."""
    mask = inside[:, None]
    count = np.maximum(inside.sum(axis=1), 1)[:, None, None]
    left, right = (
        (values - (values * mask).sum(axis=2, keepdims=True) / count) * mask
        for values in (fixed.reshape(moved.shape), moved)
    )
    strength = np.sqrt(np.square(left).sum((1, 2)) * np.square(right).sum((1, 2)))
    least = MIN_CONTRAST**2 * moved.shape[1] * count[:, 0, 0]
    return np.maximum((left * right).sum((1, 2)) / (strength + least), 0).astype(np.float32)
