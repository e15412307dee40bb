"""Copies that were made on purpose among real images are found again, and nothing else is called one."""

import numpy as np
import pytest

from cifarbench.audit import duplicates
from cifarbench.audit.descriptors import downscale_gray, edge_map
from cifarbench.audit.duplicates import TYPES
from helpers.photographs import COPIES, SHAPE, UNNAMED, brightened, encoded, recoloured, row, seen, tiles

EACH = 10


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, dict[tuple[int, int], str]]:
    """Images, and which pairs of them are copies of which kind."""
    originals = [row(seen(tile)) for tile in tiles()]
    random = np.random.default_rng(0)
    # Of a wall or the sky, nobody can tell whether it is the same.
    detail = edge_map(downscale_gray(np.stack(originals), SHAPE)).std(axis=(1, 2))
    detailed = np.flatnonzero(detail > 8)
    chosen = random.choice(detailed, (len(COPIES), EACH), replace=False)
    copies = {
        (int(place), len(originals) + number): kind
        for number, (kind, place) in enumerate(
            (k, p) for k, ps in zip(COPIES, chosen, strict=True) for p in ps
        )
    }
    changed = [row(COPIES[kind](tiles()[place])) for (place, _), kind in copies.items()]
    return np.stack([*originals, *changed]), copies


@pytest.fixture(scope="module")
def found(planted: tuple) -> dict[tuple[int, int], tuple[str, float]]:
    result, _ = duplicates.find_near_duplicates(planted[0], SHAPE, threads=1)
    pairs = zip(result.first.tolist(), result.second.tolist(), strict=True)
    kinds = [TYPES[kind] for kind in result.type]
    return dict(zip(pairs, zip(kinds, result.score.tolist(), strict=True), strict=True))


@pytest.mark.parametrize("kind", COPIES)
def test_copies_of_each_kind_are_found(planted: tuple, found: dict, kind: str) -> None:
    made = [pair for pair, of in planted[1].items() if of == kind]
    told = [pair for pair in made if found.get(pair, ("near_miss",))[0] != "near_miss"]
    assert len(told) >= 0.9 * len(made)


def test_what_is_called_a_copy_is_one(planted: tuple, found: dict) -> None:
    told = [pair for pair, (kind, _) in found.items() if kind != "near_miss"]
    assert np.mean([pair in planted[1] for pair in told]) >= 0.95


def test_the_strongest_stand_first(found: dict) -> None:
    scores = [score for _, score in found.values()]
    assert scores == sorted(scores, reverse=True)


def test_the_kind_says_how_a_copy_was_made(planted: tuple, found: dict) -> None:
    named = [found[pair][0] == kind for pair, kind in planted[1].items() if pair in found]
    assert np.mean(named) >= 0.8


@pytest.fixture(scope="module")
def detailed() -> list[int]:
    originals = np.stack([row(seen(tile)) for tile in tiles()])
    detail = edge_map(downscale_gray(originals, SHAPE)).std(axis=(1, 2))
    return np.random.default_rng(2).choice(np.flatnonzero(detail > 8), 2 * EACH, replace=False).tolist()


@pytest.mark.parametrize("change", UNNAMED)
def test_copies_that_were_changed_in_other_ways_are_found(detailed: list[int], change: str) -> None:
    images = [row(seen(tile)) for tile in tiles()]
    copies = [row(UNNAMED[change](tiles()[place])) for place in detailed]
    result, least = duplicates.find_near_duplicates(np.stack([*images, *copies]), SHAPE, threads=1)
    found = dict(zip(zip(result.first, result.second, strict=True), result.score, strict=True))
    scores = [found.get((place, len(images) + number), 0) for number, place in enumerate(detailed)]
    assert np.mean(np.array(scores) >= least) >= 0.8


def test_the_same_shape_in_the_same_colours_is_a_copy_sooner(detailed: list[int]) -> None:
    chosen = [tiles()[place] for place in detailed]
    scores = []
    for change in (encoded, recoloured):
        images = [row(seen(tile)) for tile in chosen] + [row(change(tile)) for tile in chosen]
        result, _ = duplicates.find_near_duplicates(np.stack(images), SHAPE, threads=1)
        found = dict(zip(zip(result.first, result.second, strict=True), result.score, strict=True))
        scores.append([found[place, place + len(chosen)] for place in range(len(chosen))])
    same, other = np.array(scores)
    # Where there are hardly any colours, they say nothing.
    assert (same >= other).all() and np.mean(same > other) >= 0.8


def test_mirrored_copies_are_none_where_mirroring_changes_the_meaning(planted: tuple) -> None:
    result, _ = duplicates.find_near_duplicates(planted[0], SHAPE, threads=1, hflip_safe=False)
    assert "mirrored" not in {TYPES[kind] for kind in result.type}


def test_plain_images_are_copies_only_if_identical() -> None:
    random = np.random.default_rng(0)
    plain = random.integers(40, 200, (30, 3, 1, 1)) + random.integers(0, 3, (30, *SHAPE))
    images = plain.reshape(30, -1).astype(np.uint8)
    images[29] = images[3]
    result, _ = duplicates.find_near_duplicates(images, SHAPE, threads=1)
    told = [
        (a, b)
        for a, b, kind in zip(result.first, result.second, result.type, strict=True)
        if TYPES[kind] != "near_miss"
    ]
    assert told == [(3, 29)]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8), (3, 64, 48), (1, 4, 4)])
def test_images_of_any_size(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, np.prod(shape)), np.uint8)
    images[7] = images[2]
    result, _ = duplicates.find_near_duplicates(images, shape, threads=1)
    assert (result.first[0], result.second[0], TYPES[result.type[0]]) == (2, 7, "identical")


def test_it_is_the_same_every_time(planted: tuple, found: dict) -> None:
    again, _ = duplicates.find_near_duplicates(planted[0], SHAPE, threads=2)
    pairs = zip(again.first.tolist(), again.second.tolist(), again.score.tolist(), strict=True)
    assert [(a, b) for a, b, _ in pairs] == list(found)


def test_a_test_image_is_told_of_with_its_closest_training_image_alone() -> None:
    tile = tiles()[38]
    training = [*tiles()[100:160], tile, tile]
    images = [row(seen(one)) for one in training] + [row(encoded(tile))]
    images[-2] = row(brightened(tile))
    result, _ = duplicates.find_near_duplicates(np.stack(images), SHAPE, threads=1, n_train=len(training))
    told = {
        (a, b)
        for a, b, k in zip(result.first, result.second, result.type, strict=True)
        if TYPES[k] != "near_miss"
    }
    assert told == {(60, 61), (60, 62)}
