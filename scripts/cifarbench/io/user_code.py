"""Import code that the configuration names by an import path, or by a file and a name in it."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from cifarbench.errors import UserError
from cifarbench.messages import format_error

SEPARATOR = ".py:"
# In words, for messages and the schema.
FORM = "an import path such as package.module.Name, or a file and a name such as folder/file.py:Name"

# Names under which files have been imported in this process.
_MODULES_OF_FILES: set[str] = set()


def source_file(reference: str) -> str | None:
    """Return the file of a reference such as `my_models/wide.py:WideNet`; None for an import path."""
    path, separator, _ = reference.partition(SEPARATOR)
    return f"{path}.py" if separator else None


def import_object(reference: str, key: str) -> Any:
    """Return the object of a reference: `package.module.Name`, or `folder/file.py:Name` relative to the working folder.

    key: the key of the configuration. Raises UserError if the object does not exist or its import fails.
    """
    file = source_file(reference)
    source, _, name = reference.rpartition(":" if file else ".")
    try:
        module = _from_file(Path(source)) if file else importlib.import_module(source)
    except FileNotFoundError:
        raise UserError(
            f"{key} is {reference}, but {Path.cwd()} has no file {source}; correct the path."
        ) from None
    except Exception as error:
        # User code may raise anything.
        raise UserError(
            f"{key} is {reference}, but {source} can't be imported ({format_error(error)}); correct it, or name {FORM}."
        ) from error
    if not hasattr(module, name):
        raise UserError(f"{key} is {reference}, but {source} has no {name}; name {FORM}.")
    return getattr(module, name)


def _from_file(path: Path) -> ModuleType:
    """Import a file as the module of its relative path, such as `my_models.wide`, and make its folder importable."""
    if not path.is_file():
        raise FileNotFoundError(path)
    name = ".".join(path.with_suffix("").parts).strip("./") or path.stem
    for folder in (str(path.resolve().parent), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.append(folder)
    imported = sys.modules.get(name)
    if imported and getattr(imported, "__file__", None) == str(path.resolve()):
        return imported
    # A file of this name in another working folder is replaced, a library is not.
    if imported and name not in _MODULES_OF_FILES:
        raise ImportError(f"{name} is the name of a library; rename the file")
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec and spec.loader, f"{path} is not a Python file"
    module = importlib.util.module_from_spec(spec)
    # Before the module runs, so that its classes can be found by the name of their module.
    sys.modules[name] = module
    _MODULES_OF_FILES.add(name)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
