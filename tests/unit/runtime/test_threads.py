"""Results with several threads, which equal those with one thread and have the same order."""

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


def test_results_are_in_order_and_from_several_threads():
    # Each call waits for two others.
    barrier = threading.Barrier(3, timeout=20)

    def work(piece: int) -> tuple[int, int]:
        barrier.wait()
        return piece, threading.get_ident()

    found = list(map_threaded(work, range(9), 3))
    assert [piece for piece, _ in found] == list(range(9))
    assert len({thread for _, thread in found}) == 3


def test_chunks_are_consumed_lazily():
    consumed = []
    chunks = (consumed.append(chunk) or chunk for chunk in range(100))
    results = map_threaded(lambda chunk: chunk, chunks, 2)
    assert next(results) == 0
    assert len(consumed) == 3


def test_error_in_a_thread_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(map_threaded(lambda chunk: 1 // chunk, [2, 1, 0], 2))


def some_moments(threads: int) -> list[np.ndarray]:
    found = RunningCovariance.from_images(IMAGES, np.arange(3, 480), threads)
    return [found.sums, found.squares, found.scatter]


@cache
def components() -> dict[str, np.ndarray]:
    """Fit once, since rounding depends on the number of threads of the library."""
    return PrincipalComponents.fit(RunningCovariance.from_images(IMAGES), False).state_dict()


def some_components(threads: int) -> list[np.ndarray]:
    step = FeatureStep("pca", {"n_components": 9}, components())
    return list(step.transform_blocks(IMAGES, (3, 8, 8), threads))


def some_patches(threads: int) -> list[np.ndarray]:
    params = {"patch_size": 3, "stride": 1, "soft_threshold": 0.1, "n_pool": 2, "power": 1}
    filters = np.random.default_rng(1).standard_normal((40, 27), np.float32)
    state = {"filters": filters, "offsets": np.zeros(40, np.float32)}
    return list(FeatureStep("patches", params, state).transform_blocks(IMAGES, (3, 8, 8), threads))


def few_values(threads: int, points: np.ndarray = POINTS, n_queries: int = 500) -> list[np.ndarray]:
    nearest = ExactTopK(points[:n_queries], 4, threads).update(points, np.arange(len(points)))
    return [nearest.neighbors, nearest.squares]


def many_values(threads: int) -> list[np.ndarray]:
    return few_values(threads, WIDE, 50)


@pytest.mark.parametrize("part", [some_moments, some_components, some_patches, few_values, many_values])
def test_results_do_not_depend_on_the_number_of_threads(part, monkeypatch):
    monkeypatch.setattr(pipeline, "BLOCK_ROWS", 64)
    monkeypatch.setattr(covariance, "CHUNK_ROWS", 100)
    with threadpool_limits(1):
        alone = part(1)
    for one, shared in zip(alone, part(3), strict=True):
        np.testing.assert_array_equal(shared, one)
