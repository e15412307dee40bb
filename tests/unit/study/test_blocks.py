"""Arrays that need not fit into memory."""

from pathlib import Path

import numpy as np

from cifarbench.study.blocks import Joined


def test_joined_arrays_are_as_one(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    whole = random.integers(0, 256, (30, 7), np.uint8)
    parts = []
    for name, rows in (("one", whole[:12]), ("none", whole[:0]), ("other", whole[12:])):
        np.save(tmp_path / f"{name}.npy", rows)
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r" if len(rows) else None))
    joined = Joined(*parts)
    assert (len(joined), joined.shape) == (30, (30, 7))
    for rows in (slice(None), slice(5, 20), slice(25, 99), slice(3, 3), np.array([29, 0, 12, 11, 0])):
        np.testing.assert_array_equal(joined[rows], whole[rows])
