"""Write Markdown tables, and the generated section of a page between two marks."""

from pathlib import Path

from cifarbench.errors import UserError
from cifarbench.io.atomic import write_text

END = "<!-- end -->\n"


def get_section(page: Path, command: str) -> str:
    """Return the text between a command's mark, `<!-- begin: made by `make docs` -->`, and the next end."""
    return _split(page, command)[1].strip("\n")


def replace_section(page: Path, command: str, content: str) -> None:
    """Replace the text between a command's marks; UserError if the page lacks them."""
    before, _, after = _split(page, command)
    write_text(page, f"{before}\n{content}\n\n{after}")


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table of the given cells."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _split(page: Path, command: str) -> tuple[str, str, str]:
    mark = f"<!-- begin: made by `{command}` -->\n"
    before, begin, rest = page.read_text().partition(mark)
    content, end, after = rest.partition(END)
    if not (begin and end):
        raise UserError(f"{page} lacks the lines around the section; add {mark}{END}")
    return before + begin, content, end + after
