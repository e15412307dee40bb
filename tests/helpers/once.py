"""Folders that all processes of a test run share, each made by the first that asks for it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

# Set when a test run begins.
place: Path | None = None


def make(name: str, fill: Callable[[Path], object]) -> Path:
    """The folder of a name, which a function fills. Not to be changed."""
    folder, done = place / name, place / f"{name}.done"
    with FileLock(place / f"{name}.lock"):
        if not done.exists():
            # Left by a process that failed.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder
