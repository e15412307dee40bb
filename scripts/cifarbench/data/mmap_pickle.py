"""Read a pickle that is larger than memory: its large byte strings are mapped, not read."""

import mmap
from pathlib import Path
from typing import Self

import numpy as np

# Shorter byte strings are read.
MIN_MAPPED_BYTES = 1_000_000
# Opcodes of a pickle whose bytes may be mapped: BINBYTES, BINBYTES8 and BINSTRING.
MAPPABLE_OPCODES = {b"B", b"\x8e", b"T"}


class MappedBytes:
    """A byte string in a file that has not been read."""

    def __init__(self, path: Path, start: int, size: int):
        self.path, self.start, self.size = path, start, size

    def __len__(self) -> int:
        return self.size

    def array(self, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
        """Return the bytes as an array, mapped from the file."""
        return np.memmap(self.path, dtype, "r", self.start, shape, order)

    def decode(self, encoding: str) -> Self:
        """Return the bytes themselves: Python 2 pickled them as text."""
        return self


class MappedPickle:
    """A pickle in a file, with the methods that `pickletools.genops` reads it by."""

    def __init__(self, path: Path):
        self._path = path
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._opcode = b""

    def read(self, size: int) -> bytes | MappedBytes:
        """Return the next bytes, at most as many as are left; a large byte string is mapped."""
        if size >= MIN_MAPPED_BYTES and self._opcode in MAPPABLE_OPCODES:
            start = self._map.tell()
            size = min(size, len(self._map) - start)
            self._map.seek(start + size)
            return MappedBytes(self._path, start, size)
        content = self._map.read(size)
        # An opcode is one byte. The length between it and a large byte string has four or eight.
        if size == 1:
            self._opcode = content
        return content

    def readline(self) -> bytes:
        """Return the rest of the line."""
        return self._map.readline()

    def tell(self) -> int:
        """Return the position in the file."""
        return self._map.tell()
