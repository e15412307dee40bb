"""A remote file, and time limits short enough for tests."""

import hashlib
import random
from pathlib import Path

from cifarbench.data.download import RetryPolicy
from cifarbench.data.fetch import RemoteFile, fetch_file

CONTENT = random.Random(0).randbytes(300_000)
SIZE = len(CONTENT)
QUICK = RetryPolicy(
    connect_seconds=2,
    stall_seconds=0.3,
    bytes_per_second=1000,
    attempts=3,
    first_wait_seconds=0.01,
    longest_wait_seconds=0.05,
)


def remote(*sources: str, size: int | None = None) -> RemoteFile:
    return RemoteFile("file.tar.gz", size or SIZE, hashlib.sha256(CONTENT).hexdigest(), sources)


def get(cache: Path, *sources: str, size: int | None = None) -> str:
    """Fetch the file and return the source that it came from."""
    path, source = fetch_file(remote(*sources, size=size), cache, QUICK)
    assert path == cache / "file.tar.gz"
    assert path.read_bytes() == CONTENT
    return source


def leave_partial(cache: Path, content: bytes) -> Path:
    """Write the partial file that an interrupted run leaves."""
    cache.mkdir(exist_ok=True)
    path = cache / f".file.tar.gz.{remote().sha256[:8]}.part"
    path.write_bytes(content)
    return path
