"""Detection of duplicates planted among real images, without false positives."""

import numpy as np
import pytest

from cifarbench.audit.descriptors import downscale_gray, edge_map
from cifarbench.audit.duplicates import TYPES, find_near_duplicates
from helpers.photographs import (
    COPIES,
    SHAPE,
    UNNAMED,
    brightened,
    encoded,
    recoloured,
    row,
    seen,
    shifted,
    tiles,
)

N_COPIES = 10

# Indices of a pair -> type and score.
Duplicates = dict[tuple[int, int], tuple[str, float]]


def find(images: list[np.ndarray] | np.ndarray, shape: tuple[int, int, int] = SHAPE, **options) -> Duplicates:
    pairs, _ = find_near_duplicates(np.stack(images), shape, **{"threads": 1, **options})
    columns = (values.tolist() for values in pairs)
    return {(a, b): (TYPES[kind], score) for a, b, kind, score in zip(*columns, strict=True)}


def copies_in(duplicates: Duplicates) -> list[tuple[int, int]]:
    return [pair for pair, (kind, _) in duplicates.items() if kind != "near_miss"]


@pytest.fixture(scope="module")
def originals() -> list[np.ndarray]:
    return [row(seen(tile)) for tile in tiles()]


@pytest.fixture(scope="module")
def detailed(originals: list[np.ndarray]) -> np.ndarray:
    """Return the indices of images with details; two images of a wall or the sky cannot be distinguished."""
    strength = edge_map(downscale_gray(np.stack(originals), SHAPE)).std(axis=(1, 2))
    return np.flatnonzero(strength > 8)


@pytest.fixture(scope="module")
def planted(originals: list[np.ndarray], detailed: np.ndarray) -> tuple[list, dict[tuple[int, int], str]]:
    """Return images with planted copies, and the type of each planted pair."""
    chosen = np.random.default_rng(0).choice(detailed, (len(COPIES), N_COPIES), replace=False)
    sources = [(kind, int(index)) for kind, indices in zip(COPIES, chosen, strict=True) for index in indices]
    copies = [row(COPIES[kind](tiles()[index])) for kind, index in sources]
    pairs = {(index, len(originals) + n): kind for n, (kind, index) in enumerate(sources)}
    return [*originals, *copies], pairs


@pytest.fixture(scope="module")
def found(planted: tuple) -> Duplicates:
    return find(planted[0])


@pytest.mark.parametrize("kind", COPIES)
def test_copies_of_each_type_are_found(planted: tuple, found: Duplicates, kind: str) -> None:
    made = {pair for pair, planted_kind in planted[1].items() if planted_kind == kind}
    assert len(made & set(copies_in(found))) >= 0.9 * len(made)


def test_pairs_are_copies_of_the_right_type_and_sorted(planted: tuple, found: Duplicates) -> None:
    assert np.mean([pair in planted[1] for pair in copies_in(found)]) >= 0.95
    assert np.mean([found[pair][0] == kind for pair, kind in planted[1].items() if pair in found]) >= 0.8
    scores = [score for _, score in found.values()]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("change", UNNAMED)
def test_copies_that_were_changed_in_other_ways_are_found(
    originals: list[np.ndarray], detailed: np.ndarray, change: str
) -> None:
    chosen = np.random.default_rng(2).choice(detailed, 2 * N_COPIES, replace=False).tolist()
    copies = [row(UNNAMED[change](tiles()[index])) for index in chosen]
    listed = copies_in(find([*originals, *copies]))
    assert np.mean([(index, len(originals) + n) in listed for n, index in enumerate(chosen)]) >= 0.8


def test_equal_shapes_in_equal_colours_have_a_higher_score(detailed: np.ndarray) -> None:
    chosen = [tiles()[index] for index in np.random.default_rng(2).choice(detailed, 20, replace=False)]
    scores = []
    for change in (encoded, recoloured):
        duplicates = find([row(seen(tile)) for tile in chosen] + [row(change(tile)) for tile in chosen])
        scores.append([duplicates[n, n + len(chosen)][1] for n in range(len(chosen))])
    same, other = np.array(scores)
    # Nearly grey images have equal scores.
    assert (same >= other).all() and np.mean(same > other) >= 0.8


def test_mirrored_copies_are_not_reported_if_mirroring_changes_the_class(planted: tuple) -> None:
    assert "mirrored" not in {kind for kind, _ in find(planted[0], hflip_safe=False).values()}


def test_plain_images_are_copies_only_if_identical() -> None:
    random = np.random.default_rng(0)
    plain = random.integers(40, 200, (30, 3, 1, 1)) + random.integers(0, 3, (30, *SHAPE))
    images = plain.reshape(30, -1).astype(np.uint8)
    images[29] = images[3]
    assert copies_in(find(images)) == [(3, 29)]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8), (3, 64, 48), (1, 4, 4), (1, 1, 8)])
def test_images_of_any_size(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, np.prod(shape)), np.uint8)
    images[7] = images[2]
    pair, (kind, _) = next(iter(find(images, shape).items()))
    assert (pair, kind) == ((2, 7), "identical")


def test_pairs_do_not_depend_on_the_number_of_threads(planted: tuple, found: Duplicates) -> None:
    assert list(find(planted[0], threads=2)) == list(found)


def test_a_test_image_is_listed_with_its_closest_training_image_only() -> None:
    tile = tiles()[38]
    training = [*tiles()[100:160], tile, tile]
    images = [row(seen(image)) for image in training] + [row(encoded(tile))]
    images[-2] = row(brightened(tile))
    assert set(copies_in(find(images, n_train=len(training)))) == {(60, 61), (60, 62)}


def test_all_pairs_are_found_for_groups() -> None:
    """Without `only_closest`, pairs of images that are closer to others are included, so that groups stay whole."""
    tile = tiles()[38]
    copies = [row(seen(tile)), row(brightened(tile)), row(encoded(tile)), row(shifted(tile))]
    images = [row(seen(image)) for image in tiles()[100:160]] + copies
    closest, every = (copies_in(find(images, only_closest=value)) for value in (True, False))
    assert {*closest} < {*every} and len(every) == 6
