"""The environment of the templates: filters, escaping, and scripts of pages."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cifarbench.evaluation.grid_search import format_value
from cifarbench.report.translation import Translator

TEMPLATES = Path(__file__).parent / "templates"


def jinja_environment(say: Translator) -> Environment:
    """Return the environment of the report's templates in one language."""
    templates = environment(TEMPLATES)
    # `mark` translates a sentence whose values are filled in later.
    templates.globals |= {"say": say, "plural": say.plural, "mark": say.term}
    templates.filters |= {
        "cell": cell,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "reason": reason,
        "setting": format_value,
    }
    return templates


def environment(*folders: Path) -> Environment:
    """Return an environment for folders of templates: HTML is escaped, and may include other files unchanged."""
    loader = FileSystemLoader(folders)
    templates = Environment(
        loader=loader,
        extensions=["jinja2.ext.do"],
        autoescape=lambda name: name is None or ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals["source"] = lambda file: Markup(loader.get_source(templates, file)[0])
    templates.filters |= {"code": markdown_code_to_html, "code_span": code_span, "line": line, "lines": lines}
    return templates


def markdown_code_to_html(text: str) -> Markup:
    """Return plain text with names in backticks as HTML. Text from a macro is escaped, too."""
    parts = str(escape(line(text))).split("`")
    return Markup("".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts)))


def line(text: str) -> str:
    """Return text on one line, with single spaces."""
    return re.sub(r"[ \n]+", " ", str(text)).strip()


def lines(text: str) -> list[str]:
    """Return the lines of text that has one sentence per line."""
    return [line(sentence) for sentence in str(text).splitlines() if line(sentence)]


def cell(text: str) -> str:
    """Escape a code span or other Markdown for a cell of a table."""
    return line(text).replace("|", "\\|")


def code_span(text: str) -> str:
    """Return text of any characters as a code span of Markdown, in which nothing is markup."""
    return "`" + line(text).replace("`", "'") + "`"


def reason(failure: str) -> str:
    """Return the reason of a failure as a code span, without its full stop."""
    words = failure.strip()
    return code_span(words if words.endswith("..") else words.removesuffix("."))


def bundle_modules(*names: str) -> str:
    """Return ES modules as one. names: in the folder of templates, without `.js`, each after those that it imports.

    A page that is opened from a file can't import modules from other files.
    """
    return "const modules = {};\n" + "\n".join(map(_module_to_function, names))


def _module_to_function(name: str) -> str:
    """Return a module as a function that is called once and returns what the module exports."""
    imports = re.compile(r'^import (\{[^}]+\}) from "\.\.?/(\w+)\.js";$', re.MULTILINE)
    body = imports.sub(r"const \1 = modules.\2;", (TEMPLATES / f"{name}.js").read_text(encoding="utf-8"))
    declared = re.findall(r"^export const (?:(\w+)|\{([^}]+)\}) =", body, re.MULTILINE)
    exported = ", ".join(single or several.strip() for single, several in declared)
    body = re.sub(r"^export ", "", body, flags=re.MULTILINE)
    return (
        f"modules.{name.rpartition('/')[2]} = await (async () => {{\n{body}return {{ {exported} }};\n}})();\n"
    )
