"""Identify an archive by its checksum, and record its path and source."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file, write_json

# sha256 of the published archives, by type; for Fashion-MNIST, of the folder of its four files.
OFFICIAL_SHA256 = {
    "cifar10": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar100": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    "fashion_mnist": "4208722e2f95c92b7e6f0789caf8e8b31dee57cf57b10c3956b314f438b6f3d2",
}


def expand_home(path: str) -> Path:
    """Return a path whose leading `~` is replaced by the home folder, as a shell does if there is such a user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def check_archive(path: Path | str, sha256: str | None = None, entry: str | None = None) -> str:
    """Return the sha256 of the user's archive: a file, or a folder of files.

    sha256: the expected checksum in hexadecimal digits; any if None. entry: the key of the configuration that names the
    archive, such as `datasets.images`; None if the run itself does.

    Raises UserError if there is no such archive, or if it has another checksum.
    """
    path = Path(path)
    try:
        actual = hash_directory(path) if path.is_dir() else sha256_file(path)
    except OSError as error:
        if path.is_dir():
            raise UserError(
                f"{error.filename} in the archive {path} can't be read ({error.strerror}); change its permissions or "
                "remove it."
            ) from None
        remedy = f"as {entry}.archive." if entry else "with ARCHIVE= (make) or --config archive=."
        raise UserError(
            f"The archive {path} can't be read ({error.strerror}); name a readable one {remedy}"
        ) from None
    if sha256 and actual != sha256:
        remedy = f"run again with SHA256={actual} (make) or --config archive={path} sha256={actual}."
        if entry:
            remedy = f"set {entry}.sha256 to the former."
        raise UserError(
            f"The archive {path} has the sha256 {actual}, not {sha256} as expected; if you trust it, {remedy}"
        )
    return actual


def write_receipt(
    receipt: Path, archive: Path, dataset_type: str, source: str, sha256: str | None = None
) -> None:
    """Write the path, checksum, size in bytes and source of an archive to a JSON file.

    `official` is whether it is the published archive; None for a type that has none.

    Raises UserError if there is no such archive, or if it has another checksum than `sha256`.
    """
    actual = check_archive(archive, sha256)
    official = OFFICIAL_SHA256.get(dataset_type)
    files = list_files(archive) if archive.is_dir() else [archive]
    write_json(
        receipt,
        {
            "path": str(archive),
            "sha256": actual,
            "bytes": sum(file.stat().st_size for file in files),
            "source": source,
            "official": None if official is None else actual == official,
        },
    )


def verify_archive_unchanged(receipt: dict[str, Any]) -> Path:
    """Return the path of a receipt's archive; UserError if it is missing or has changed."""
    path = Path(receipt["path"])
    try:
        check_archive(path, receipt["sha256"])
    except UserError:
        raise UserError(
            f"The archive {path} has changed since it was registered; run again with --forcerun download_dataset."
        ) from None
    return path


def hash_directory(folder: Path) -> str:
    """Return the sha256 of the list of a folder's files as `sha256sum` prints it: one line per file, sorted by path.

    Hidden files are ignored. Raises UserError for a name that is not UTF-8.
    """
    digest = hashlib.sha256()
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            digest.update(f"{sha256_file(path)}  {name}\n".encode())
        except UnicodeEncodeError:
            raise UserError(f"{name!r} in {folder} has a name that is not UTF-8; rename it.") from None
    return digest.hexdigest()


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def list_files(folder: Path, on_error: Callable[[OSError], Any] = _raise_unless_missing) -> list[Path]:
    """Return the files in a folder and its subfolders, sorted, without hidden ones.

    on_error: called with the error for a folder that can't be read. By default, the error is raised, and a missing
    folder has no files.
    """
    files: list[Path] = []
    for directory, folders, names in os.walk(folder, onerror=on_error):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(directory, name) for name in names if not name.startswith(".")]
    return sorted(filter(Path.is_file, files), key=lambda path: path.relative_to(folder).as_posix())
