"""Pages of this room, each one file that opens with no network."""

from pathlib import Path
from typing import Any

from cifarbench.report.page import environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """One of the templates, filled in; escaped if it is HTML."""
    return environment(TEMPLATES).get_template(template).render(values)
