"""Download published files into this machine's cache, from the first source that works, and check them."""

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from filelock import FileLock, Timeout

from cifarbench.data.download import DownloadError, RetryPolicy, check_url, download
from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file

FROM_CACHE = "cache"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A published file.

    name: of the file in the cache. size: in bytes. sha256: its checksum or the beginning of it, at least 8 digits.
    sources: its URLs, the preferred one first. by_hand: what users can do if no source sends it.
    """

    name: str
    size: int
    sha256: str
    sources: tuple[str, ...]
    by_hand: str = "get the file in another way, and run make study ARCHIVE=path/to/it"


def fetch_dataset(entry: dict[str, Any], cache: Path, limits: RetryPolicy | None = None) -> tuple[Path, str]:
    """Return the path of a dataset's archive in the cache, and its origin; download it if it is missing.

    entry: the dataset's entry in the configuration: `urls` and either `filename`, `size_bytes` and `sha256`, or
    `files` {name: {size_bytes, sha256}}, which are stored in a folder named after `type` and whose `urls` are folders.

    Raises UserError if no source sends the file, or the cache can't hold it.
    """
    folder, files = _files(entry, cache)
    origins = set()
    for file in files:
        path, origin = fetch_file(file, folder, limits)
        origins.add(origin if "filename" in entry else origin.removesuffix(f"/{file.name}"))
    return path if "filename" in entry else folder, ", ".join(sorted(origins))


def cache_dir(named: str | None = None) -> Path:
    """Return the folder of downloads: the one that the configuration names, or the user's cache folder."""
    return expand_home(named) if named else platformdirs.user_cache_path("cifarbench")


def hub_folder() -> Path:
    """Return the folder in which torch and torchvision keep downloaded weights."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    return Path(os.environ.get("TORCH_HOME", cache)).expanduser() / "hub/checkpoints"


def describe_download(entry: dict[str, Any], cache: Path, checked: bool = False) -> str:
    """Return a sentence with the files of a dataset to download, their size and their source.

    checked: whether to compare the checksums of the files in the cache.
    """
    folder, files = _files(entry, cache)
    missing = [file for file in files if not (folder / file.name).exists()]
    present = [file for file in files if file not in missing]
    if checked and (wrong := [file.name for file in present if not _is_cached(folder / file.name, file)]):
        return f"{', '.join(wrong)} in {folder} has a wrong checksum and will be downloaded again."
    if not missing:
        return f"The archive is in {folder}" + (", and its checksum is correct." if checked else ".")
    size = sum(file.size for file in missing) / 1e6
    source = urlsplit(missing[0].sources[0]).hostname
    names = ", ".join(file.name for file in missing)
    return f"{names}, {size:.0f} MB, will be downloaded from {source} into {folder}."


def _files(entry: dict[str, Any], cache: Path) -> tuple[Path, list[RemoteFile]]:
    """Return the cache folder of a dataset, and its files."""
    sources = tuple(entry["urls"])
    if "filename" in entry:
        return cache, [RemoteFile(entry["filename"], entry["size_bytes"], entry["sha256"], sources)]
    files = []
    for name, file in entry["files"].items():
        urls = tuple(f"{source.rstrip('/')}/{name}" for source in sources)
        files.append(RemoteFile(name, file["size_bytes"], file["sha256"], urls))
    return cache / entry["type"], files


def fetch_file(file: RemoteFile, folder: Path, limits: RetryPolicy | None = None) -> tuple[Path, str]:
    """Return the path of `file` in `folder`, and the URL that it came from, or "cache" if it was in the folder.

    The file gets its name only when its checksum is right. A file of that name with another checksum is moved to
    `.set-aside`. The next run continues an interrupted download. Of several runs that need the same file, one downloads
    it and the others wait.

    Raises UserError if no source sends the file, or if the folder can't be written to.
    """
    for source in file.sources:
        if reason := check_url(source):
            raise UserError(f"{reason}; change it under urls in the configuration.")
    target = folder / file.name
    with _cache_errors(folder):
        # Before anything is written, since the cache may be read-only.
        if _is_cached(target, file):
            return target, FROM_CACHE
        folder.mkdir(parents=True, exist_ok=True)
        with _acquire_lock(folder / f".{file.name}.lock"):
            if _is_cached(target, file):
                return target, FROM_CACHE
            if target.exists():
                _set_aside(target)
            return target, _download_from_any(file, target, limits or RetryPolicy())


def _download_from_any(file: RemoteFile, target: Path, limits: RetryPolicy) -> str:
    partial = target.with_name(f".{file.name}.{file.sha256[:8]}.part")
    reasons = []
    for source in file.sources:
        received = _received_bytes(partial, file.size)
        if shutil.disk_usage(target.parent).free < file.size - received:
            raise OSError(errno.ENOSPC, f"{file.size - received} bytes are needed")
        log.info("%s: downloading from %s, from byte %d", file.name, source, received)
        try:
            _download_from(source, file, partial, limits)
        except DownloadError as error:
            log.info("%s: %s", source, error)
            reasons.append(f"  - {source}: {error}")
            continue
        partial.replace(target)
        return source
    received = _received_bytes(partial, file.size)
    lines = [
        f"{file.name} could not be downloaded from any of {len(reasons)} sources:",
        *reasons,
        "Options:",
        f"  - run the same command again, which continues from byte {received} of {file.size};",
        f"  - {file.by_hand};",
        "  - run make demo, on images that need no download.",
    ]
    raise UserError("\n".join(lines))


def _download_from(source: str, file: RemoteFile, partial: Path, limits: RetryPolicy) -> None:
    """Complete `partial` from one source and check it."""
    resumed = partial.exists()
    download(source, partial, file.size, limits)
    actual = sha256_file(partial)
    if not actual.startswith(file.sha256) and resumed:
        # The bytes of an earlier source may be wrong.
        log.info("the sha256 is %s, not %s: starting again from byte 0", actual, file.sha256)
        partial.unlink()
        download(source, partial, file.size, limits)
        actual = sha256_file(partial)
    if not actual.startswith(file.sha256):
        partial.unlink()
        raise DownloadError(f"sends another file, with the sha256 {actual} instead of {file.sha256}")


def _received_bytes(partial: Path, size: int) -> int:
    """Return the number of bytes that an earlier attempt has received; remove a file that is too long."""
    if partial.exists() and partial.stat().st_size > size:
        partial.unlink()
    return partial.stat().st_size if partial.exists() else 0


def _is_cached(target: Path, file: RemoteFile) -> bool:
    return target.is_file() and sha256_file(target).startswith(file.sha256)


def _set_aside(target: Path) -> None:
    actual = sha256_file(target)
    aside = target.parent / ".set-aside" / f"{actual[:8]}-{target.name}"
    aside.parent.mkdir(exist_ok=True)
    target.replace(aside)
    log.info("%s has the wrong sha256 %s; moved to %s", target, actual, aside)


def _acquire_lock(path: Path) -> AbstractContextManager[object]:
    """Wait for the lock; return a context that releases it."""
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        log.info("another run is downloading the same file; waiting for it")
        return lock.acquire()


@contextmanager
def _cache_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem, remedy = "can't be used", "name another folder as cache_dir in the configuration"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem, remedy = "is full", f"make room there, or {remedy}"
        raise UserError(f"The cache folder {folder} {problem} ({error.strerror}); {remedy}.") from None
