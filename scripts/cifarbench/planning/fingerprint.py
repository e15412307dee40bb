"""Which code a script runs: a checksum over the script and whatever of this library it imports."""

import ast
import contextlib
import hashlib
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from pathlib import Path

from cifarbench.io.atomic import read_json, write_json

PACKAGE = "cifarbench"

# Checksum of a text -> what it imports, of the texts that were asked for, and of those that a run before asked for.
_imports: dict[str, list[str]] = {}
_imports_before: dict[str, list[str]] = {}


def load_import_cache(path: Path) -> None:
    """Read what `remember` wrote, with this very code: to parse the library anew takes longer than all else here."""
    with contextlib.suppress(OSError, ValueError):
        known = read_json(path)
        if known["by"] == _checksum(Path(__file__)):
            _imports_before.update(known["imports"])


def save_import_cache(path: Path) -> None:
    """Write down what the texts that were asked for import, for the next run."""
    if _imports.keys() - _imports_before.keys():
        write_json(path, {"by": _checksum(Path(__file__)), "imports": _imports})


def code_fingerprint(
    script: Path, *data_patterns: str, modules: Iterable[str] = (), own: Iterable[str] = ()
) -> str:
    """A checksum of the content of `script` and of all library modules that it imports, directly or not.

    Snakemake follows neither. Times of files don't count, so a fresh clone or a `touch` changes nothing.

    data_patterns: globs, relative to the script's folder, of files that are no code but shape the result,
    such as templates. modules: files of the library, relative to it, that the script imports by a name it is given.
    own: files outside the library, relative to where one works; what lies beside them and they import counts, too.
    """
    beside = script.parent
    # A script that was fetched alone imports the package that is installed.
    folder = beside if (beside / PACKAGE).is_dir() else Path(__file__).parents[2]
    files = _imported([script, *(folder / PACKAGE / module for module in modules)], folder)
    for pattern in data_patterns:
        files |= {path for path in folder.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        name = path.name if path == script else path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{_checksum(path)}\n".encode())
    for path in sorted(with_local_imports([Path(name) for name in own if Path(name).is_file()])):
        digest.update(f"{path.name}\0{_checksum(path)}\n".encode())
    return digest.hexdigest()[:16]


def with_local_imports(files: list[Path]) -> set[Path]:
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
    library = _library(folder)
    # Importing a.b.c runs a/__init__ and a.b/__init__ too.
    names = {
        part
        for name in _names_imported_in(path)
        if name.partition(".")[0] == PACKAGE
        for part in accumulate(name.split("."), "{}.{}".format)
    }
    return frozenset(library[name] for name in names if name in library)


@cache
def _library(folder: Path) -> dict[str, Path]:
    """The library's files by the names of their modules."""
    files = (folder / PACKAGE).rglob("*.py")
    return {
        ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def _names_imported_in(path: Path) -> list[str]:
    digest = _checksum(path)
    if digest not in _imports:
        known = _imports_before.get(digest)
        _imports[digest] = sorted(_names_parsed_in(path)) if known is None else known
    return _imports[digest]


def _names_parsed_in(path: Path) -> set[str]:
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
