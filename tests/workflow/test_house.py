"""What pages say of the code is what the code says."""

from cifarbench.cli import parameters, rulegraph
from cifarbench.io.markdown_sections import get_section
from helpers.project import CHECKOUT


def test_the_picture_of_the_house_is_that_of_the_rules(monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    drawn = rulegraph.picture()
    assert get_section(CHECKOUT / "docs/architecture.md", "make docs-rulegraph") == f"```mermaid\n{drawn}\n```"
    boxes = [line for line in drawn.splitlines() if "[" in line]
    assert 5 < len(boxes) <= 15


def test_the_tables_of_parameters_are_those_of_the_families():
    assert get_section(CHECKOUT / "config/README.md", "make docs-params") == parameters.tables()
