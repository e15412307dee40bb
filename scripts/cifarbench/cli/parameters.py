"""Write the tables of all parameters of model families and feature types into a Markdown page."""

import json
from pathlib import Path
from typing import Any

from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.io.markdown_sections import replace_section


def main(page: Path) -> None:
    """Write the tables into a page. page: the Markdown file that holds the tables between two marks."""
    replace_section(page, "make docs-params", parameter_tables())


def parameter_tables() -> str:
    """Return both tables as Markdown."""
    return "\n\n".join([_table("family", FAMILIES), _table("type", FEATURE_TYPES)])


def _table(title: str, types: dict[str, Any]) -> str:
    rows = [f"| {title} | key | meaning | range | default |", "|---|---|---|---|---|"]
    for name, declared in types.items():
        for key, parameter in declared.parameters.items():
            default = "needed" if parameter.required else f"`{json.dumps(parameter.default)}`"
            rows.append(f"| `{name}` | `{key}` | {parameter.description} | {parameter.range} | {default} |")
    return "\n".join(rows)
