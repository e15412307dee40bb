"""Arrays that may be larger than the memory."""

import io
import tempfile

import numpy as np
import pytest

from cifarbench.io.memmap import ConcatenatedArrays, spill_to_memmap


def test_concatenated_arrays_are_indexed_as_one(tmp_path):
    random = np.random.default_rng(0)
    whole = random.integers(0, 256, (30, 7), np.uint8)
    parts = []
    for name, rows in (("one", whole[:12]), ("none", whole[:0]), ("other", whole[12:])):
        np.save(tmp_path / f"{name}.npy", rows)
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r" if len(rows) else None))
    joined = ConcatenatedArrays(*parts)
    assert (len(joined), joined.shape) == (30, (30, 7))
    for rows in (slice(None), slice(5, 20), slice(25, 99), slice(3, 3), np.array([29, 0, 12, 11, 0])):
        np.testing.assert_array_equal(joined[rows], whole[rows])


def test_spilled_blocks_are_mapped_and_a_full_disk_is_named(tmp_path, monkeypatch):
    blocks = [np.arange(3.0), np.arange(3.0, 8.0)]
    array = spill_to_memmap(blocks, tmp_path)
    assert isinstance(array, np.memmap)
    assert array.tolist() == list(range(8))
    assert not [*tmp_path.iterdir()]
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: io.BufferedWriter(io.FileIO("/dev/full", "w")))
    with pytest.raises(OSError, match="No space left") as caught:
        spill_to_memmap(blocks, tmp_path)
    assert caught.value.filename == str(tmp_path)
