"""Write files completely or not at all."""

import contextlib
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy as np


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` if the block ends without an error.

    The content is written to a temporary file in the same folder, synchronized, and renamed, so that a killed process
    never leaves half a file. The next write to `path` removes temporary files of killed processes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        partial.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        # Not "wb", since NumPy then writes to the descriptor and reports no reason for an error.
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = error.filename or str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_text())


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_npy(path: Path, array: "np.ndarray") -> None:
    """Write one array as .npy."""
    save_npy_blocks(path, [array], len(array))


def save_npy_blocks(path: Path, blocks: "Iterable[np.ndarray]", rows: int) -> None:
    """Write blocks of rows as one .npy of `rows` rows, with one block in memory at a time.

    Raises ValueError if the number of rows is another one, or if blocks differ in type or width.
    """
    # Not at the top, since jobs that write only text start faster without it.
    import numpy as np

    written, first = 0, None
    with atomic_write(path) as file:
        for block in blocks:
            if first is None:
                first = block
                header = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(block))
                np.lib.format.write_array_header_1_0(file, header | {"shape": (rows, *block.shape[1:])})
            elif (block.dtype, block.shape[1:]) != (first.dtype, first.shape[1:]):
                raise ValueError(
                    f"a block of {block.dtype} {block.shape} follows one of {first.dtype} {first.shape}"
                )
            file.write(np.ascontiguousarray(block).data.cast("B"))
            written += len(block)
        if written != rows:
            raise ValueError(f"{written} rows were written, not {rows}")


def save_npz(path: Path, **arrays: "np.ndarray") -> None:
    """Write named arrays as an uncompressed .npz; equal arrays give equal bytes."""
    import numpy as np

    with atomic_write(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes an array for `allow_pickle`.


def load_npz(path: Path) -> "dict[str, np.ndarray]":
    """Return the arrays of an .npz, by name."""
    import numpy as np

    with np.load(path) as stored:
        return dict(stored)


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
