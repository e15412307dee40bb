"""Small archives in CIFAR-10's layout, intact and broken, for the tests of their readers."""

import gzip
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec

DECLARED = DatasetSpec(n_train=52, n_test=10, n_classes=5, image_shape=(3, 4, 4))
NAMES = ["ant", "bee", "cow", "dog", "eel"]
TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
MEMBERS = [*TRAIN, "test_batch", "batches.meta"]
FOLDER = "cifar-10-batches-py"


def make_batches(seed: int = 0) -> dict[str, dict[Any, Any]]:
    """Return the unpickled content of an archive: 11, 11, 10, 10 and 10 training rows, and 10 test rows."""
    rng = np.random.default_rng(seed)
    batches = {}
    for member, rows in zip([*TRAIN, "test_batch"], [11, 11, 10, 10, 10, 10], strict=True):
        batches[member] = {
            b"batch_label": member.encode(),
            b"labels": [row % 5 for row in range(rows)],
            b"data": rng.integers(0, 256, (rows, 48), np.uint8),
            b"filenames": [f"{member}_{row}.png".encode() for row in range(rows)],
        }
    batches["batches.meta"] = {b"label_names": [name.encode() for name in NAMES], b"num_vis": 48}
    return batches


def pickled(batches: dict[str, Any], protocol: int = 2) -> dict[str, bytes]:
    """Return the members as pickled bytes; members that are bytes already stay unchanged."""
    return {
        name: content if isinstance(content, bytes) else pickle.dumps(content, protocol)
        for name, content in batches.items()
    }


def tarred(members: dict[str, bytes] | list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a tar archive of members: contents by name, or headers with their contents."""
    if isinstance(members, dict):
        members = [entry(f"{FOLDER}/{name}", content) for name, content in members.items()]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def entry(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry of a tar archive; `fields` are set on its header."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def write_archive(path: Path, batches: dict[str, Any], protocol: int = 2) -> Path:
    """Write batches as a tar.gz and return its path."""
    path.write_bytes(gzip.compress(tarred(pickled(batches, protocol)), 1, mtime=0))
    return path


class Python2Pickler(pickle._Pickler):
    """Pickler that writes text and bytes as plain strings of Python 2, as in the published archives."""

    def save_string(self, value: str | bytes) -> None:
        value = value.encode() if isinstance(value, str) else value
        short = len(value) < 256
        self.write((b"U" if short else b"T") + len(value).to_bytes(1 if short else 4, "little") + value)

    dispatch = pickle._Pickler.dispatch | {str: save_string, bytes: save_string}


def python2_pickle(batch: dict[bytes, Any]) -> bytes:
    """Pickle a batch with protocol 2 and the module names of NumPy at that time."""
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(batch)
    return file.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")
