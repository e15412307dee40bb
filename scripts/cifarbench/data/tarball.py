"""Read the members of an untrusted tar.gz one by one, in memory, each within a size limit."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Bytes of all other members together: a readme, and what some systems add.
MAX_OTHER_BYTES = 1_000_000
MAX_MEMBERS = 100
# Errors that gzip, zlib and tarfile raise for damaged bytes.
DAMAGE_ERRORS: tuple[type[Exception], ...] = (tarfile.TarError, zlib.error, EOFError, OSError)
DAMAGE_ERRORS += (ValueError, LookupError, OverflowError, RecursionError)


class _TooLargeError(Exception):
    """The archive unpacks to more bytes than all members together may have."""


def read_members(path: Path, limits: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each wanted member once, in the archive's order.

    Nothing is written to disk. Wanted members may be in any folder; other plain files are skipped.

    limits: names of the wanted members, without their folder, and the largest size of each in bytes.

    Raises UserError for a member that is not a plain file, has a path outside the archive, is duplicate, too large or
    missing, and for a damaged archive, possibly only after the last member.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder; name the .tar.gz archive, not its unpacked content.")
    seen: set[str] = set()
    try:
        with gzip.open(path) as unzipped:
            stream = _Bounded(unzipped, sum(limits.values()) + MAX_OTHER_BYTES)
            with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]  # It only calls read().
                for number, member in enumerate(tar):
                    if number == MAX_MEMBERS:
                        raise UserError(
                            f"{path} holds more than {MAX_MEMBERS} members; expected {len(limits)}."
                        )
                    name = _checked_name(member, path, limits)
                    if name not in limits:
                        continue
                    if name in seen:
                        raise UserError(f"{path} holds {name} twice; expected it once.")
                    seen.add(name)
                    yield name, _read_whole(tar, member)
            # To the end, where gzip has its checksum.
            while stream.read(1 << 20):
                pass
    except _TooLargeError:
        raise UserError(
            f"{path} unpacks to more than {stream.limit} bytes, the limit for all its members; download it again."
        ) from None
    except DAMAGE_ERRORS as error:
        raise UserError(
            f"{path} is damaged or not a tar.gz archive ({escape_ascii(error)}); download it again, or name "
            "another one."
        ) from None
    missing = [name for name in limits if name not in seen]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; expected {', '.join(limits)}.")


def _read_whole(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file  # _checked_name accepts plain files only.
    content = file.read()
    if len(content) != member.size:
        raise EOFError(f"{member.name} ends after {len(content)} of {member.size} bytes")
    return content


def _checked_name(member: tarfile.TarInfo, archive: Path, limits: dict[str, int]) -> str:
    """Return the member's name without its folder; UserError if it may not be in the archive."""
    shown = escape_ascii(member.name)
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(
            f"{archive} holds {shown}, whose path leads out of the archive; expected plain names."
        )
    if member.isdir():
        return ""
    if not member.isreg() or member.issparse():
        member_type = f"of the type {member.type!r}"
        if member.issym() or member.islnk():
            member_type = f"a link to {escape_ascii(member.linkname)}"
        elif member.isdev():
            member_type = "a device or a pipe"
        raise UserError(f"{archive} holds {shown}, which is {member_type}; expected plain files.")
    limit = limits.get(path.name, MAX_OTHER_BYTES)
    if not 0 <= member.size <= limit:
        raise UserError(f"{archive} holds {shown} of {member.size} bytes; expected {limit} at most.")
    return path.name


class _Bounded:
    """A stream that ends in _TooLargeError after `limit` bytes, as that of a decompression bomb."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream, self.limit, self.n_read = stream, limit, 0

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.n_read += len(content)
        if self.n_read > self.limit:
            raise _TooLargeError
        return content
