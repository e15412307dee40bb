"""A pickle that is larger than memory: large runs of bytes in it stay where they lie."""

import mmap
from pathlib import Path
from typing import Self

import numpy as np

# Shorter runs are read.
MIN_MAPPED_BYTES = 1_000_000
# Operations of a pickle whose bytes may be left lying: BINBYTES, BINBYTES8 and BINSTRING.
MAPPABLE_OPCODES = {b"B", b"\x8e", b"T"}


class MappedBytes:
    """Bytes of a file, which no one has read yet."""

    def __init__(self, path: Path, start: int, size: int):
        self.path, self.start, self.size = path, start, size

    def __len__(self) -> int:
        return self.size

    def array(self, kind: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
        """They are an array, mapped from the file."""
        return np.memmap(self.path, kind, "r", self.start, shape, order)

    def decode(self, encoding: str) -> Self:
        """Python 2's text is bytes, too, and stays so."""
        return self


class MappedPickle:
    """A pickle as `pickletools.genops` reads it."""

    def __init__(self, path: Path):
        self._path = path
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._operation = b""

    def read(self, size: int) -> bytes | MappedBytes:
        """The next bytes, as many as are left at most."""
        if size >= MIN_MAPPED_BYTES and self._operation in MAPPABLE_OPCODES:
            start = self._map.tell()
            size = min(size, len(self._map) - start)
            self._map.seek(start + size)
            return MappedBytes(self._path, start, size)
        found = self._map.read(size)
        # An operation is one byte. The length that stands between it and a large run is of four or eight.
        if size == 1:
            self._operation = found
        return found

    def readline(self) -> bytes:
        """The rest of the line."""
        return self._map.readline()

    def tell(self) -> int:
        """How much has been read."""
        return self._map.tell()
