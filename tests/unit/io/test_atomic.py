"""Atomic writing of files: completely or not at all."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cifarbench.io import atomic

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from cifarbench.io.atomic import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_while_writing(path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(atomic.__file__).parents[2])}
    process = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)], env=environment)
    assert process.returncode == -signal.SIGKILL


def test_killed_write_keeps_the_old_file_and_the_next_write_cleans_up(tmp_path):
    path = tmp_path / "a.json"
    atomic.write_json(path, {"old": 1})
    other = tmp_path / ".a.json.bak"
    other.touch()
    kill_while_writing(path)
    kill_while_writing(path)
    assert atomic.read_json(path) == {"old": 1}
    assert len(list(tmp_path.glob(".a.json.*.part"))) == 1
    atomic.write_json(path, {"new": 1})
    assert atomic.read_json(path) == {"new": 1}
    assert sorted(tmp_path.iterdir()) == sorted([path, other])


def test_error_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")
    with pytest.raises(RuntimeError), atomic.atomic_write(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_umask_determines_permissions(tmp_path):
    mask = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        atomic.save_npz(tmp_path / name, x=np.arange(5), y=np.ones((2, 3), np.float32))
    assert atomic.sha256_file(tmp_path / "a.npz") == atomic.sha256_file(tmp_path / "b.npz")


def test_blocks_are_written_as_one_array(tmp_path):
    array = np.random.default_rng(0).normal(size=(70, 3)).astype(np.float32)
    atomic.save_npy(tmp_path / "whole.npy", array)
    atomic.save_npy_blocks(tmp_path / "blocks.npy", (array[i : i + 16] for i in range(0, 70, 16)), 70)
    np.save(tmp_path / "numpy.npy", array)
    expected = (tmp_path / "numpy.npy").read_bytes()
    assert (tmp_path / "whole.npy").read_bytes() == (tmp_path / "blocks.npy").read_bytes() == expected


def test_wrong_blocks_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="6 rows were written, not 7"):
        atomic.save_npy_blocks(tmp_path / "a.npy", [np.zeros((3, 2)), np.zeros((3, 2))], 7)
    with pytest.raises(ValueError, match="follows one of"):
        atomic.save_npy_blocks(tmp_path / "a.npy", [np.zeros((3, 2)), np.zeros((4, 3))], 7)
    assert list(tmp_path.iterdir()) == []


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []
