"""Have a published file in this machine's cache: from whichever source gives it, checked, and only once."""

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from filelock import FileLock, Timeout

from cifarbench.data.download import DownloadError, RetryPolicy, check_url, download
from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file

FROM_CACHE = "cache"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its name, its size in bytes, its sha256, and the URLs that hold it, best first."""

    name: str
    size: int
    sha256: str
    sources: tuple[str, ...]


def fetch_dataset(
    entry: dict[str, Any], cache: Path | None = None, limits: RetryPolicy | None = None
) -> tuple[Path, str]:
    """The path of a dataset's archive in the cache, and where it came from, fetched if it is not there.

    entry: the dataset's entry in the configuration: `sources` and either `file`, `bytes` and `sha256`, or
    `files` {name: {bytes, sha256}}. Those end in a folder named after `kind`, and sources are folders too.
    cache: the cache folder; the user's own by default.

    Raises UserError if no source gives the file, or the cache can't hold it.
    """
    folder, files = _files(entry, cache or cache_dir())
    origins = set()
    for file in files:
        path, origin = fetch_file(file, folder, limits)
        origins.add(origin if "filename" in entry else origin.removesuffix(f"/{file.name}"))
    return path if "filename" in entry else folder, ", ".join(sorted(origins))


def cache_dir(named: str | None = None) -> Path:
    """Where downloads are kept: the folder that the configuration names, or the user's own."""
    return Path(named).expanduser() if named else platformdirs.user_cache_path("cifarbench")


def describe_download(entry: dict[str, Any], cache: Path, checked: bool = False) -> str:
    """What of a dataset would be downloaded, how large it is, and from where first.

    checked: read what is there, to see whether it is the right one.
    """
    folder, files = _files(entry, cache)
    there = [(folder / file.name).exists() for file in files]
    wrong = [
        file.name
        for file in files
        if checked and (folder / file.name).exists() and not _holds(folder / file.name, file)
    ]
    if wrong:
        return f"{', '.join(wrong)} in {folder} has another checksum than the configuration says; it is fetched anew."
    if all(there):
        return f"The archive is in {folder} already" + (", and its checksum is right." if checked else ".")
    missing = [file for file, is_there in zip(files, there, strict=True) if not is_there]
    size = sum(file.size for file in missing) / 1e6
    source = urlsplit(missing[0].sources[0]).hostname
    names = ", ".join(file.name for file in missing)
    return f"{names}, {size:.0f} MB, will be fetched once, first from {source}, and kept in {folder}."


def _files(entry: dict[str, Any], cache: Path) -> tuple[Path, list[RemoteFile]]:
    """The folder in which a dataset's files are kept, and the files."""
    sources = tuple(entry["urls"])
    if "filename" in entry:
        return cache, [RemoteFile(entry["filename"], entry["size_bytes"], entry["sha256"], sources)]
    return cache / entry["type"], [
        RemoteFile(
            name,
            file["size_bytes"],
            file["sha256"],
            tuple(f"{source.rstrip('/')}/{name}" for source in sources),
        )
        for name, file in entry["files"].items()
    ]


def fetch_file(file: RemoteFile, folder: Path, limits: RetryPolicy | None = None) -> tuple[Path, str]:
    """The path of `file` in `folder`, and the URL that it came from, or "cache" if it was there.

    The file appears under its name only once its checksum is right. One of that name with another checksum is
    moved to `.set-aside`. What a failed run has received is kept, and the next one goes on from there. Runs
    that want the same file at once wait for the first.

    Raises UserError if no source gives the file, or the folder can't hold it.
    """
    for source in file.sources:
        if reason := check_url(source):
            raise UserError(f"{reason}, which sources must be; change it under sources in the configuration.")
    target = folder / file.name
    with _cache_errors(folder):
        # Asked before anything is written, so that a cache may be read-only once it holds the file.
        if _holds(target, file):
            return target, FROM_CACHE
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder / f".{file.name}.lock"):
            if _holds(target, file):
                return target, FROM_CACHE
            if target.exists():
                _set_aside(target)
            return target, _fetch(file, target, limits or RetryPolicy())


def _fetch(file: RemoteFile, target: Path, limits: RetryPolicy) -> str:
    partial = target.with_name(f".{file.name}.{file.sha256[:8]}.part")
    reasons = []
    for source in file.sources:
        have = _length_kept(partial, file.size)
        _check_room(target.parent, file.size - have)
        log.info("%s: fetching from %s, from byte %d", file.name, source, have)
        try:
            _from_source(source, file, partial, limits)
        except DownloadError as error:
            log.info("%s: %s", source, error)
            reasons.append(f"  - {source}: {error}")
            continue
        partial.replace(target)
        return source
    kept = _length_kept(partial, file.size)
    raise UserError(
        "\n".join(
            [
                f"{file.name} could not be had from any of its {len(reasons)} sources:",
                *reasons,
                "Ways on:",
                f"  - run the same command again, which goes on from byte {kept} of {file.size};",
                "  - get the file in some other way, and run make study ARCHIVE=path/to/it;",
                "  - run make demo, the same study on pictures that need no download.",
            ]
        )
    )


def _from_source(source: str, file: RemoteFile, partial: Path, limits: RetryPolicy) -> None:
    """Complete `partial` from one source and check it."""
    resumed = partial.exists()
    download(source, partial, file.size, limits)
    found = sha256_file(partial)
    if found != file.sha256 and resumed:
        # What an earlier source sent may have been wrong, and this one right.
        log.info("the sha256 is %s, not %s: starting over from byte 0", found, file.sha256)
        partial.unlink()
        download(source, partial, file.size, limits)
        found = sha256_file(partial)
    if found != file.sha256:
        partial.unlink()
        raise DownloadError(f"sends another file: its sha256 is {found} instead of {file.sha256}")


def _length_kept(partial: Path, size: int) -> int:
    """How much of the file an earlier attempt has left; more than all of it is worth nothing."""
    if partial.exists() and partial.stat().st_size > size:
        partial.unlink()
    return partial.stat().st_size if partial.exists() else 0


def _check_room(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, f"{needed} bytes are needed")


def _holds(target: Path, file: RemoteFile) -> bool:
    return target.is_file() and sha256_file(target) == file.sha256


def _set_aside(target: Path) -> None:
    found = sha256_file(target)
    place = target.parent / ".set-aside" / f"{found[:8]}-{target.name}"
    place.parent.mkdir(exist_ok=True)
    target.replace(place)
    log.info("%s has the wrong sha256 %s; moved to %s", target, found, place)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("another run is fetching the same file; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _cache_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            mend = "make room there, or name another folder as cache in the configuration"
            raise UserError(f"The cache folder {folder} is full ({error.strerror}); {mend}.") from None
        mend = "name another folder as cache in the configuration"
        raise UserError(f"The cache folder {folder} can't be used ({error.strerror}); {mend}.") from None
