"""Which archive it is: its checksum, and the receipt that says where it lies and where it came from."""

import hashlib
import os
from pathlib import Path
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file

# The published archives, by kind; for Fashion-MNIST, the folder of its four files.
OFFICIAL_SHA256 = {
    "cifar10": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar100": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    "fashion_mnist": "4208722e2f95c92b7e6f0789caf8e8b31dee57cf57b10c3956b314f438b6f3d2",
}


def check_archive(path: Path | str, sha256: str | None = None, entry: str | None = None) -> str:
    """The checksum of an archive that the user has: a file, or a folder of files.

    sha256: the checksum that it must have, in hexadecimal digits; any if None. entry: the key of the configuration that
    names the archive, such as `datasets.pictures`, unless the run itself does.

    Raises UserError if there is no such archive, or if it has another checksum.
    """
    path = Path(path)
    try:
        found = hash_directory(path) if path.is_dir() else sha256_file(path)
    except OSError as error:
        if path.is_dir():
            # Some file in it; which one, no checksum would tell.
            raise UserError(
                f"{error.filename} in the archive {path} can't be read ({error.strerror}); give yourself the right to, "
                "or take it away."
            ) from None
        raise UserError(
            f"The archive {path} can't be read ({error.strerror}); name one that can, "
            + (f"as {entry}.archive." if entry else "with ARCHIVE= (make) or --config archive=.")
        ) from None
    if sha256 and found != sha256:
        raise UserError(
            f"The archive {path} has the sha256 {found}, not {sha256} as expected; if it is the one you mean, "
            + (
                f"set {entry}.sha256 to the former."
                if entry
                else f"run again with SHA256={found} (make) or --config archive={path} sha256={found}."
            )
        )
    return found


def verify_archive_unchanged(found: dict[str, Any]) -> Path:
    """The path of the archive that a receipt speaks of, if it is still there and still the same."""
    path = Path(found["path"])
    try:
        check_archive(path, found["sha256"])
    except UserError:
        raise UserError(
            f"The archive {path} is no longer what it was when it was fetched; run again with --forcerun "
            "fetch_archive."
        ) from None
    return path


def hash_directory(folder: Path) -> str:
    """The checksum of a list of the folder's files, each with its own checksum, as `sha256sum` prints it.

    Files are listed by their path within the folder, sorted; hidden ones don't count.

    Raises UserError for a name that is no text.
    """
    digest = hashlib.sha256()
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            digest.update(f"{sha256_file(path)}  {name}\n".encode())
        except UnicodeEncodeError:
            raise UserError(f"{name!r} in {folder} has a name that is no UTF-8; rename it.") from None
    return digest.hexdigest()


def list_files(folder: Path) -> list[Path]:
    """The files in a folder and its subfolders, sorted, without hidden ones; none if there is no such folder.

    Raises OSError for a subfolder that may not be read.
    """

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in files if not name.startswith(".")]
    return sorted(
        (path for path in found if path.is_file()), key=lambda path: path.relative_to(folder).as_posix()
    )


def archive_metadata(path: Path, kind: str, sha256: str, source: str) -> dict[str, Any]:
    """What source.json says of an archive.

    `official` says whether it is the published one, and is None where none was published.
    """
    official = OFFICIAL_SHA256.get(kind)
    files = list_files(path) if path.is_dir() else [path]
    return {
        "path": str(path),
        "sha256": sha256,
        "bytes": sum(file.stat().st_size for file in files),
        "source": source,
        "official": None if official is None else sha256 == official,
    }
