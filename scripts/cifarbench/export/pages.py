"""Pages of this room, each one file that opens with no network."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cifarbench.report.page import code

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """One of the templates, filled in; escaped if it is HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is None or ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = code
    environment.globals["source"] = lambda file: Markup((TEMPLATES / file).read_text())
    return environment.get_template(template).render(values)
