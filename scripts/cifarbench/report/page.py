"""The conclusions report: one page that opens anywhere, and Markdown for a pull request."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cifarbench.evaluation.candidates import text
from cifarbench.report.language import Language
from cifarbench.report.results import Run
from cifarbench.report.view import Report

TEMPLATES = Path(__file__).parent / "templates"


def render(run: Run, settings: dict[str, Any]) -> tuple[str, str]:
    """The page (HTML) and the Markdown of a run.

    settings: `report` (`title`, `language`) and `configuration`, what the run was configured with.
    """
    say = Language(settings["report"].get("language", "en"))
    templates = environment_of(say)
    values = {"report": Report(run, say, settings), "run": run}
    return tuple(templates.get_template(name).render(values) for name in ("report.html.j2", "report.md.j2"))


def environment_of(say: Language) -> Environment:
    """For the templates of the report, in one language."""
    found = environment(TEMPLATES)
    found.globals["say"] = say
    found.filters["cell"] = cell
    found.filters["setting"] = text
    return found


def environment(*folders: Path) -> Environment:
    """For the templates of some folders; those of HTML are escaped, and may take in other files as they are."""
    found = Environment(
        loader=FileSystemLoader(folders),
        autoescape=lambda name: name is None or ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.globals["source"] = lambda file: Markup(found.loader.get_source(found, file)[0])
    found.filters["code"] = code
    return found


def code(text: str) -> Markup:
    """Text whose backticks mark names, as HTML."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts)))


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
