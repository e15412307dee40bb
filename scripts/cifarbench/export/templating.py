"""Pages of this room, each one file that opens with no network."""

from pathlib import Path
from typing import Any

from cifarbench.report.page import environment

TEMPLATE_DIR = Path(__file__).parent / "templates"


def render_template(template: str, **values: Any) -> str:
    """One of the templates, filled in; escaped if it is HTML."""
    return environment(TEMPLATE_DIR).get_template(template).render(values)
