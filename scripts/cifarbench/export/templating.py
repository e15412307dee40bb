"""Render the templates of this package."""

from pathlib import Path
from typing import Any

from cifarbench.report.templating import environment

TEMPLATE_DIR = Path(__file__).parent / "templates"


def render_template(template: str, **values: Any) -> str:
    """Return a template with the values filled in, which are escaped if it is HTML."""
    return environment(TEMPLATE_DIR).get_template(template).render(values)
