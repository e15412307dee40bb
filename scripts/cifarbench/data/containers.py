"""List and read the files of a folder, a zip or a tar archive in the same way."""

import hashlib
import io
import os
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from cifarbench.data.image_folder import check_link
from cifarbench.data.printable import escape_ascii, refuse_damaged
from cifarbench.errors import UserError

# Largest file in an archive, in bytes; a photograph has a tenth of it.
MAX_MEMBER_BYTES = 200_000_000
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# What systems add to folders, besides hidden files.
JUNK_FOLDERS = {"__MACOSX"}
JUNK_FILES = {"thumbs.db", "desktop.ini"}

# A function that returns a file's content, or its path for files on the disk.
Loader = Callable[[], io.BytesIO | Path]


class Container(ABC):
    """Files under relative names with slashes, without junk."""

    path: Path
    names: list[str]

    def load_each(self, names: list[str]) -> Iterator[tuple[int, Loader]]:
        """Yield the position in `names` and a loader of each file, in the container's order."""
        for index, name in enumerate(names):
            yield index, partial(self._load, name)

    def read(self, name: str) -> bytes:
        """Return the content of one file."""
        content = self._load(name)
        return content.read_bytes() if isinstance(content, Path) else content.getvalue()

    @abstractmethod
    def _load(self, name: str) -> io.BytesIO | Path:
        """Return the content of one file, or its path if it is on the disk."""


class FolderFiles(Container):
    """The files of a folder and its subfolders. Links out of the folder are refused."""

    def __init__(self, path: Path):
        self.path = path
        self.names = sorted(name for name, _ in _scan(path) if not is_junk(name))

    def _load(self, name: str) -> Path:
        return self.path / name


class ZipFiles(Container):
    """The files of a zip archive."""

    def __init__(self, path: Path):
        self.path = path
        self._file = zipfile.ZipFile(path)
        members = (member for member in self._file.infolist() if not member.is_dir())
        self.names = _checked_names(((member.filename, member.file_size) for member in members), path)

    def _load(self, name: str) -> io.BytesIO:
        return io.BytesIO(self._file.read(name))


class TarFiles(Container):
    """The files of a tar archive, compressed or not; links and devices are ignored."""

    def __init__(self, path: Path):
        self.path = path
        with tarfile.open(path) as tar:
            members = [(member.name, member.size) for member in tar if member.isreg()]
        self._member_names = {name.removeprefix("./"): name for name, _ in members}
        self.names = _checked_names(((name.removeprefix("./"), size) for name, size in members), path)

    def load_each(self, names: list[str]) -> Iterator[tuple[int, Loader]]:
        """Yield the position in `names` and a loader of each file, in the order of the archive."""
        positions = {name: index for index, name in enumerate(names)}
        with tarfile.open(self.path) as tar:
            for member in tar:
                index = positions.pop(member.name.removeprefix("./"), None)
                if index is not None and member.isreg():
                    yield index, partial(io.BytesIO, _read_member(tar, member))

    def _load(self, name: str) -> io.BytesIO:
        with tarfile.open(self.path) as tar:
            return io.BytesIO(_read_member(tar, self._member_names[name]))


def open_container(path: Path) -> Container:
    """Return the files of a folder or an archive; UserError if there is none or it can't be read."""
    if path.is_dir():
        return FolderFiles(path)
    if not path.exists():
        raise UserError(f"images is {path}; there is no such file or folder: name an existing one.")
    lower = path.name.lower()
    if not lower.endswith((".zip", *TAR_SUFFIXES)):
        raise UserError(
            f"images is {path}, which is no folder and no file of a known type; name a folder of images, a .zip, "
            ".tar(.gz), .csv, .npz or .parquet file."
        )
    with refuse_damaged(path, "download or pack it again", " as an archive", tarfile.TarError):
        return ZipFiles(path) if lower.endswith(".zip") else TarFiles(path)


def is_junk(name: str) -> bool:
    """Return whether a file is hidden, or one that an operating system adds."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part in JUNK_FOLDERS for part in parts)
    return hidden or parts[-1].lower() in JUNK_FILES


def signature(path: Path) -> str:
    """Return a checksum of names, sizes and modification times of a file, or of all files in a folder."""
    digest = hashlib.sha256()
    if path.is_dir():
        for name, status in _scan(path):
            digest.update(
                f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape")
            )
    else:
        status = path.stat()
        digest.update(f"{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()


def _read_member(tar: tarfile.TarFile, member: tarfile.TarInfo | str) -> bytes:
    file = tar.extractfile(member)
    assert file is not None, "the names are those of regular files"
    with file:
        return file.read()


def _checked_names(members: Iterable[tuple[str, int]], path: Path) -> list[str]:
    """Return the sorted names of an archive's members; UserError for a path that leads out, or a large file."""
    names = []
    for name, size in members:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise UserError(
                f"{path} holds {escape_ascii(name)}, whose path leads out of the archive; pack it again."
            )
        if is_junk(name):
            continue
        if size > MAX_MEMBER_BYTES:
            raise UserError(
                f"{path} holds {escape_ascii(name)} of {size // 10**6} MB; remove it, since an image has at most "
                f"{MAX_MEMBER_BYTES // 10**6} MB."
            )
        names.append(name)
    return sorted(set(names))


def _scan(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the relative name and the status of each file below a folder, sorted, without hidden ones."""
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(
                f"{folder} can't be read ({error.strerror}); change its permissions or remove it."
            ) from None
        for entry in entries:
            if entry.name.startswith(".") or entry.name in JUNK_FOLDERS:
                continue
            path = Path(entry.path)
            if entry.is_symlink():
                check_link(top, path)
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_file():
                yield path.relative_to(top).as_posix(), entry.stat()
