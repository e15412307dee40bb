"""Which code a script runs: a checksum over the script and whatever of this library it imports."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "cifarbench"


def code_fingerprint(script: Path, *data_patterns: str) -> str:
    """A checksum of the content of `script` and of all library modules that it imports, directly or not.

    Snakemake follows neither. Times of files don't count, so a fresh clone or a `touch` changes nothing.

    data_patterns: globs, relative to the script's folder, of files that are no code but shape the result,
    such as templates.
    """
    folder = script.parent
    files = _imported(script, folder) | {script}
    for pattern in data_patterns:
        files |= {path for path in folder.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{_checksum(path)}\n".encode())
    return digest.hexdigest()[:16]


def _imported(path: Path, folder: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for module in _modules_named_in(waiting.pop(), folder) - found:
            found.add(module)
            waiting.append(module)
    return found


@cache
def _modules_named_in(path: Path, folder: Path) -> frozenset[Path]:
    """The library's files that the import statements of `path` name, wherever in the file they stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found: set[Path] = set()
    for name in names:
        parts = name.split(".")
        if parts[0] != PACKAGE:
            continue
        # Importing a.b.c runs a/__init__ and a.b/__init__ too.
        for end in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:end])
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return frozenset(found)


@cache
def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
