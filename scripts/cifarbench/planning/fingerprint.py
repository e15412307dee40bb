"""Compute a checksum over a script and all modules of this package that it imports."""

import ast
import contextlib
import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate
from pathlib import Path

from cifarbench.io.atomic import read_json, write_json

PACKAGE = "cifarbench"

# Checksum of a file -> what it imports: of files of this run, and of those of the run before.
_imports: dict[str, list[str]] = {}
_imports_before: dict[str, list[str]] = {}


def load_import_cache(path: Path) -> None:
    """Read the imports that `save_import_cache` wrote by the same code; parsing the package is slow."""
    with contextlib.suppress(OSError, ValueError):
        known = read_json(path)
        if known["by"] == _checksum(Path(__file__)):
            _imports_before.update(known["imports"])


def save_import_cache(path: Path) -> None:
    """Write the imports of this run's files for the next run."""
    if _imports.keys() - _imports_before.keys():
        write_json(path, {"by": _checksum(Path(__file__)), "imports": _imports})


def code_fingerprint(
    script: Path, *data_patterns: str, modules: Iterable[str] = (), user_code: Iterable[str] = ()
) -> str:
    """Return a checksum of a script's content and of all package modules that it imports, directly or not.

    Snakemake does not follow imports. Modification times do not count.

    data_patterns: globs, relative to the script's folder, of other files that decide the result, such as templates.
    modules: files, relative to the package, that the script imports dynamically. user_code: files relative to the
    working folder; local modules that they import count, too.
    """
    # A script that was fetched alone imports the installed package.
    folder = script.parent if (script.parent / PACKAGE).is_dir() else Path(__file__).parents[2]
    start = [script, *(folder / PACKAGE / module for module in modules)]
    files = _closure(start, lambda path: _modules_named_in(path, folder))
    for pattern in data_patterns:
        files |= {path for path in folder.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        name = path.name if path == script else path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{_checksum(path)}\n".encode())
    for path in sorted(with_local_imports([Path(name) for name in user_code if Path(name).is_file()])):
        digest.update(f"{path.name}\0{_checksum(path)}\n".encode())
    return digest.hexdigest()[:16]


def with_local_imports(files: list[Path]) -> set[Path]:
    """Return files of user code and the modules they import from their folder or the working folder."""
    return _closure(files, _local_modules_named_in)


def _local_modules_named_in(path: Path) -> Iterable[Path]:
    for name in _names_imported_in(path) if path.suffix == ".py" else ():
        module = Path(*name.split("."))
        for stem in (path.parent / module, module):
            yield from (file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file())


def _closure(start: Iterable[Path], find_imports: Callable[[Path], Iterable[Path]]) -> set[Path]:
    """Return files and all that they import, directly or not."""
    visited: set[Path] = set()
    queue = list(start)
    while queue:
        path = queue.pop()
        if path not in visited:
            visited.add(path)
            queue += find_imports(path)
    return visited


@cache
def _modules_named_in(path: Path, folder: Path) -> frozenset[Path]:
    """Return the files of the package that any import statement of `path` names."""
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
    """Return the files of the package by module name."""
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
        # The check that builds the models reports syntax errors in user code.
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names |= {node.module} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
