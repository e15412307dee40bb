"""Work in several threads: what comes out is what one thread makes, in the same order."""

import threading
from functools import cache

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from cifarbench.features import covariance, pipeline
from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.pca import PrincipalComponents
from cifarbench.features.pipeline import FeatureStep
from cifarbench.models.knn.exact import MIN_DIM_FOR_BLAS_THREADS, ExactTopK
from cifarbench.runtime.threads import map_threaded

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (500, 192), np.uint8)
POINTS = RANDOM.standard_normal((3000, 16), np.float32)
WIDE = RANDOM.standard_normal((300, MIN_DIM_FOR_BLAS_THREADS), np.float32)


def test_pieces_come_in_their_order_and_meet_in_several_threads():
    # Each piece waits for another, which one thread could not do.
    meeting = threading.Barrier(3, timeout=20)

    def work(piece: int) -> tuple[int, int]:
        meeting.wait()
        return piece, threading.get_ident()

    found = list(map_threaded(work, range(9), 3))
    assert [piece for piece, _ in found] == list(range(9))
    assert len({thread for _, thread in found}) == 3


def test_no_more_pieces_are_made_than_threads_can_work_on():
    asked = []
    pieces = (asked.append(piece) or piece for piece in range(100))
    found = map_threaded(lambda piece: piece, pieces, 2)
    assert next(found) == 0
    assert len(asked) == 3


def test_an_error_in_a_thread_reaches_who_asked():
    with pytest.raises(ZeroDivisionError):
        list(map_threaded(lambda piece: 1 // piece, [2, 1, 0], 2))


def some_moments(threads: int) -> list[np.ndarray]:
    found = RunningCovariance.from_images(IMAGES, np.arange(3, 480), threads)
    return [found.sums, found.squares, found.scatter]


@cache
def components() -> dict[str, np.ndarray]:
    """Fitted once: another fit would round by how many threads the library has at that time."""
    return PrincipalComponents.fit(RunningCovariance.from_images(IMAGES), False).state_dict()


def some_components(threads: int) -> list[np.ndarray]:
    return list(
        FeatureStep("pca", {"n_components": 9}, components()).transform_blocks(IMAGES, (3, 8, 8), threads)
    )


def some_patches(threads: int) -> list[np.ndarray]:
    params = {"patch_size": 3, "stride": 1, "soft_threshold": 0.1, "n_pool": 2, "power": 1}
    state = {
        "filters": np.random.default_rng(1).standard_normal((40, 27), np.float32),
        "offsets": np.zeros(40, np.float32),
    }
    return list(FeatureStep("patches", params, state).transform_blocks(IMAGES, (3, 8, 8), threads))


def few_values(threads: int) -> list[np.ndarray]:
    found = ExactTopK(POINTS[:500], 4, threads).update(POINTS, np.arange(len(POINTS)))
    return [found.neighbors, found.squares]


def many_values(threads: int) -> list[np.ndarray]:
    found = ExactTopK(WIDE[:50], 4, threads).update(WIDE, np.arange(len(WIDE)))
    return [found.neighbors, found.squares]


@pytest.mark.parametrize("part", [some_moments, some_components, some_patches, few_values, many_values])
def test_three_threads_find_what_one_does_to_the_last_bit(part, monkeypatch):
    monkeypatch.setattr(pipeline, "BLOCK_ROWS", 64)
    monkeypatch.setattr(covariance, "CHUNK_ROWS", 100)
    with threadpool_limits(1):
        alone = part(1)
    for one, shared in zip(alone, part(3), strict=True):
        np.testing.assert_array_equal(shared, one)
