"""Write the tables of all parameters, of families and of kinds of features, from what these say of themselves."""

import json
from pathlib import Path
from typing import Any

from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.io.markdown_sections import replace_section


def main(page: Path) -> None:
    """page: the Markdown file that holds the tables between two marks."""
    replace_section(page, "make docs-params", tables())


def tables() -> str:
    """Both tables, as Markdown."""
    return "\n\n".join([_table("family", FAMILIES), _table("type", FEATURE_TYPES)])


def _table(head: str, sorts: dict[str, Any]) -> str:
    rows = [f"| {head} | key | meaning | range | default |", "|---|---|---|---|---|"]
    for name, sort in sorts.items():
        for key, one in sort.parameters.items():
            default = "needed" if one.required else f"`{json.dumps(one.default)}`"
            rows.append(f"| `{name}` | `{key}` | {one.description} | {one.range} | {default} |")
    return "\n".join(rows)
