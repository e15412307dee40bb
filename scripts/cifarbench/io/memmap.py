"""Arrays that need not fit into memory: mapped from their files, and taken some rows at a time."""

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

MEGABYTE = 1_000_000


def chunk_rows(
    rows: np.ndarray, row_bytes: int, megabytes: float, most: int | None = None
) -> Iterator[np.ndarray]:
    """Rows (M,) in pieces of so many that `row_bytes` for each fit into some memory, or of `most`; one at least."""
    size = max(int(megabytes * MEGABYTE / row_bytes), 1)
    size = min(size, most or size)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def take_rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows of an array that is mapped from its file: (M, ...), a view where they follow one another."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (len(rows) < 2 or (np.diff(rows) == 1).all()):
        return values[rows[0] : rows[-1] + 1]
    return values[rows]


def release_pages(values: "np.ndarray | ConcatenatedArrays") -> None:
    """Give back the memory in which what was read of a mapped array lies; asked for again, it is read again."""
    for part in getattr(values, "parts", [values]):
        mapping = getattr(part, "_mmap", None)
        # Not every system can be told.
        if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)


def spill_to_memmap(blocks: Iterable[np.ndarray], folder: Path | None) -> np.ndarray:
    """Blocks of rows (n, ...), one at least, mapped one after the other from a file that goes with the array.

    folder: where it lies; with the temporary files if None.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for block in blocks:
                file.write(memoryview(np.ascontiguousarray(block)).cast("B"))
            file.flush()
            return np.memmap(file, block.dtype, "r").reshape(-1, *block.shape[1:])
    except OSError as error:
        # The file has no name of its own.
        error.filename = error.filename or str(folder or tempfile.gettempdir())
        raise


class ConcatenatedArrays:
    """Arrays of rows as wide as each other, one after the other; what is not asked for stays in its file."""

    def __init__(self, *parts: np.ndarray):
        self.parts = parts
        self.shape = (sum(map(len, parts)), *parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Copies of some rows, in the order in which they are asked for."""
        places = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        found = np.empty((len(places), *self.shape[1:]), self.parts[0].dtype)
        start = 0
        for part in self.parts:
            own = (places >= start) & (places < start + len(part))
            found[own] = take_rows(part, places[own] - start)
            start += len(part)
        return found
