"""Process arrays that may exceed the memory: mapped from files, in chunks of rows."""

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

MEGABYTE = 1_000_000


def chunk_rows(
    rows: np.ndarray, row_bytes: int, megabytes: float, most: int | None = None
) -> Iterator[np.ndarray]:
    """Yield rows (M,) in chunks that fit into `megabytes` at `row_bytes` per row: at least 1 row, at most `most`."""
    size = max(int(megabytes * MEGABYTE / row_bytes), 1)
    size = min(size, most or size)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def take_rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return some rows of a mapped array, (M, ...): a view if they are consecutive."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (len(rows) < 2 or (np.diff(rows) == 1).all()):
        return values[rows[0] : rows[-1] + 1]
    return values[rows]


def release_pages(values: "np.ndarray | ConcatenatedArrays") -> None:
    """Release the memory of a mapped array's pages; they are read from the file when needed again."""
    for part in getattr(values, "parts", [values]):
        mapping = getattr(part, "_mmap", None)
        # Not available on every system.
        if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)


def spill_to_memmap(blocks: Iterable[np.ndarray], folder: Path | None) -> np.ndarray:
    """Return blocks of rows (n, ...), at least one, as one array that is mapped from a temporary file.

    folder: of the file; the system's temporary folder if None. The file is deleted with the array.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block).data.cast("B"))
            file.flush()
            return np.memmap(file, block.dtype, "r").reshape(-1, *block.shape[1:])
    except OSError as error:
        # A temporary file has no name.
        error.filename = error.filename or str(folder or tempfile.gettempdir())
        raise


class ConcatenatedArrays:
    """Concatenation of arrays of equal width; rows are read from their files when indexed."""

    def __init__(self, *parts: np.ndarray):
        self.parts = parts
        self.shape = (sum(map(len, parts)), *parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Return copies of the rows, in the given order."""
        indices = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        values = np.empty((len(indices), *self.shape[1:]), self.parts[0].dtype)
        start = 0
        for part in self.parts:
            in_part = (indices >= start) & (indices < start + len(part))
            values[in_part] = take_rows(part, indices[in_part] - start)
            start += len(part)
        return values
