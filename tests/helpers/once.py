"""Folders that all processes of a test run share, each made by the first process that needs it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

# Set when a test run begins.
place: Path | None = None


def make(name: str, fill: Callable[[Path], object]) -> Path:
    """Return the shared folder of a name, filled once by a function. Tests must not change it."""
    folder, done = place / name, place / f"{name}.done"
    with FileLock(place / f"{name}.lock"):
        if not done.exists():
            # A failed process may have left it.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder
