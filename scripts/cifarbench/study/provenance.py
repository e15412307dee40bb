"""Which code a script runs: a checksum over the script and whatever of this library it imports."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = "cifarbench"


def code_fingerprint(
    script: Path, *data_patterns: str, modules: Iterable[str] = (), own: Iterable[str] = ()
) -> str:
    """A checksum of the content of `script` and of all library modules that it imports, directly or not.

    Snakemake follows neither. Times of files don't count, so a fresh clone or a `touch` changes nothing.

    data_patterns: globs, relative to the script's folder, of files that are no code but shape the result,
    such as templates. modules: files of the library, relative to it, that the script imports by a name it is given.
    own: files outside the library, relative to where one works; what lies beside them and they import counts, too.
    """
    folder = script.parent
    files = _imported([script, *(folder / PACKAGE / module for module in modules)], folder)
    for pattern in data_patterns:
        files |= {path for path in folder.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{_checksum(path)}\n".encode())
    for path in sorted(with_neighbours([Path(name) for name in own if Path(name).is_file()])):
        digest.update(f"{path.name}\0{_checksum(path)}\n".encode())
    return digest.hexdigest()[:16]


def with_neighbours(files: list[Path]) -> set[Path]:
    """Files of one's own, and whatever Python files near them or near where one works they import."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix != ".py":
            continue
        for name in _names_imported_in(path):
            place = Path(*name.split("."))
            for near in (path.parent / place, place):
                waiting += [
                    file for file in (near.with_suffix(".py"), near / "__init__.py") if file.is_file()
                ]
    return found


def _imported(start: list[Path], folder: Path) -> set[Path]:
    found: set[Path] = set(start)
    waiting = list(start)
    while waiting:
        for module in _modules_named_in(waiting.pop(), folder) - found:
            found.add(module)
            waiting.append(module)
    return found


@cache
def _modules_named_in(path: Path, folder: Path) -> frozenset[Path]:
    """The library's files that the import statements of `path` name, wherever in the file they stand."""
    found: set[Path] = set()
    for name in _names_imported_in(path):
        parts = name.split(".")
        if parts[0] != PACKAGE:
            continue
        # Importing a.b.c runs a/__init__ and a.b/__init__ too.
        for end in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:end])
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return frozenset(found)


def _names_imported_in(path: Path) -> set[str]:
    names: set[str] = set()
    try:
        tree = ast.parse(path.read_text(), filename=str(path))
    except SyntaxError:
        # A file of one's own that Python does not understand is told of when it is built.
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names |= {node.module} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
