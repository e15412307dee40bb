"""Read the members of a stranger's tar.gz one by one, in memory, each within the size that it may have."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Room for what archives hold besides: a readme, and what some systems add.
MAX_OTHER_BYTES = 1_000_000
MAX_MEMBERS = 100

# What gzip, zlib and tarfile stumble over when the bytes make no sense.
_GARBAGE = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)


class _TooMuch(Exception):
    """More bytes than all members together may have."""


def read_members(path: Path, limits: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each wanted member once, in the archive's order.

    Nothing is written to disk. Wanted members may stand in any folder; other plain files are passed over.

    limits: the wanted members' names, without their folder, and how many bytes each may have.

    Raises UserError for a member that is no plain file, has a path that leads elsewhere, comes twice, is
    larger than it may be or missing, and for a damaged archive, which may only show after the last member.
    """
    seen: set[str] = set()
    try:
        with gzip.open(path) as unzipped:
            stream = _Bounded(unzipped, sum(limits.values()) + MAX_OTHER_BYTES)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
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
                    content = tar.extractfile(member).read()
                    if len(content) != member.size:
                        raise EOFError(f"{name} ends after {len(content)} of {member.size} bytes")
                    yield name, content
            # To the end, where gzip keeps the checksum of all that went before.
            while stream.read(1 << 20):
                pass
    except _TooMuch:
        raise UserError(
            f"{path} unpacks to more than {stream.limit} bytes; expected no more of all its members together."
        ) from None
    except _GARBAGE as error:
        raise UserError(
            f"{path} is damaged or no tar.gz archive ({escape_ascii(error)}); get it again, or name another one."
        ) from None
    missing = [name for name in limits if name not in seen]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; expected {', '.join(limits)}.")


def _checked_name(member: tarfile.TarInfo, archive: Path, limits: dict[str, int]) -> str:
    """The member's name without its folder, if it is one to read or to pass over."""
    shown = escape_ascii(member.name)
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(f"{archive} holds {shown}, whose path leads out of the archive; expected none such.")
    if member.isdir():
        return ""
    if not member.isreg() or member.issparse():
        raise UserError(f"{archive} holds {shown}, which is {_kind(member)}; expected plain files.")
    limit = limits.get(path.name, MAX_OTHER_BYTES)
    if not 0 <= member.size <= limit:
        raise UserError(f"{archive} holds {shown} of {member.size} bytes; expected {limit} at most.")
    return path.name


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"a link to {escape_ascii(member.linkname)}"
    if member.isdev():
        return "a device or a pipe"
    return f"of the type {member.type!r}"


class _Bounded:
    """A stream that gives no more than `limit` bytes, however many a bomb would unpack to."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream = stream
        self.limit = limit
        self.given = 0

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.given += len(content)
        if self.given > self.limit:
            raise _TooMuch
        return content
