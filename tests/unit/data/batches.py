"""Small archives in CIFAR-10's layout, whole and broken, for the tests of what reads them."""

import gzip
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import Declared

DECLARED = Declared(n_train=52, n_test=10, n_classes=5, image_shape=(3, 4, 4))
NAMES = ["ant", "bee", "cow", "dog", "eel"]
TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
MEMBERS = [*TRAIN, "test_batch", "batches.meta"]
FOLDER = "cifar-10-batches-py"


def make_batches(seed: int = 0) -> dict[str, dict[Any, Any]]:
    """What an archive's members hold before they are pickled: 11, 11, 10, 10 and 10 rows, and 10 to test."""
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
    """Members as bytes; those that are bytes already stay."""
    return {
        name: content if isinstance(content, bytes) else pickle.dumps(content, protocol)
        for name, content in batches.items()
    }


def tarred(members: dict[str, bytes] | list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Members as a tar archive: contents by name, or ready entries with what follows them."""
    if isinstance(members, dict):
        members = [entry(f"{FOLDER}/{name}", content) for name, content in members.items()]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def entry(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of a tar archive; `fields` are set on its header."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def write_archive(path: Path, batches: dict[str, Any], protocol: int = 2) -> Path:
    """Write batches as a tar.gz; the path."""
    path.write_bytes(gzip.compress(tarred(pickled(batches, protocol)), 1, mtime=0))
    return path


def python2_pickle(batch: dict[bytes, Any]) -> bytes:
    """A batch as Python 2 wrote the published archives: protocol 2, with all bytes as its plain strings."""
    text = io.BytesIO()

    def string(value: bytes) -> bytes:
        return (
            b"U" + bytes([len(value)]) + value
            if len(value) < 256
            else b"T" + len(value).to_bytes(4, "little") + value
        )

    def number(value: int) -> bytes:
        return b"K" + bytes([value]) if value < 256 else b"M" + value.to_bytes(2, "little")

    text.write(b"\x80\x02}q\x01(")
    for key, value in batch.items():
        text.write(string(key))
        if isinstance(value, np.ndarray):
            text.write(
                b"cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b\x87Rq\x04"
            )
            text.write(b"(K\x01" + number(value.shape[0]) + number(value.shape[1]) + b"\x86")
            text.write(b"cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06")
            text.write(
                b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
                + string(value.tobytes())
                + b"tb"
            )
        elif isinstance(value, list):
            text.write(
                b"]q\x07(" + b"".join(string(v) if isinstance(v, bytes) else number(v) for v in value) + b"e"
            )
        else:
            text.write(string(value) if isinstance(value, bytes) else number(value))
    text.write(b"u.")
    return text.getvalue()
