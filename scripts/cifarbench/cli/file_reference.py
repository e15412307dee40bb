"""Write the tables of all files of a run, with their columns and keys, from files.yaml."""

from importlib.resources import files
from typing import Any

import yaml

from cifarbench.io.markdown_sections import markdown_table

FILES = files("cifarbench") / "cli" / "files.yaml"
# What a file consists of, by its key in files.yaml.
PARTS = {"columns": "column", "keys": "key", "arrays": "array"}


def load_files() -> list[dict[str, Any]]:
    """Return the groups of files.yaml."""
    return yaml.safe_load(FILES.read_text())


def file_reference() -> str:
    """Return a Markdown section per group of files."""
    parts = []
    for group in load_files():
        parts.append(f"## {group['group']}")
        if "note" in group:
            parts.append(group["note"])
        plain = [file for file in group["files"] if not PARTS.keys() & file.keys()]
        if plain:
            rows = [[f"`{file['path']}`", file["content"]] for file in plain]
            parts.append(markdown_table(["file", "content"], rows))
        parts += [_file_section(file) for file in group["files"] if file not in plain]
    return "\n\n".join(parts)


def _file_section(file: dict[str, Any]) -> str:
    (part,) = PARTS.keys() & file.keys()
    header = (
        [PARTS[part], "dtype", "shape", "meaning"]
        if part == "arrays"
        else [PARTS[part], "type", "unit", "meaning"]
    )
    rows = [[f"`{name.removesuffix('?')}`", *cells] for name, cells in file[part].items()]
    return f"### `{file['path']}`\n\n{file['content']}\n\n{markdown_table(header, rows)}"
