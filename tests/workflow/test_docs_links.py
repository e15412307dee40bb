"""Links, navigation and generated parts of the documentation."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from test_docs import FENCE, LINK, PAGES, TARGETS

from cifarbench.cli import rulegraph
from cifarbench.cli.config_reference import config_reference
from cifarbench.cli.file_reference import file_reference
from cifarbench.io.markdown_sections import get_section
from helpers.project import CHECKOUT


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub creates them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_and_anchors_resolve(page):
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# Text files outside the pages that may name a page.
CODE_FILES = [
    CHECKOUT / "Makefile",
    *(
        path
        for folder in ("scripts", "workflow", "config", "benchmarks", ".github")
        for path in sorted((CHECKOUT / folder).rglob("*"))
        if path.suffix in (".py", ".smk", ".yaml", ".yml", ".j2", ".js", ".po", ".rst", ".md")
    ),
]
PAGE_NAME = re.compile(
    r"(docs/\w+|config/README|CONTRIBUTING|SECURITY|CHANGELOG)\.md(?:#([\w-]+))?(?:, section (\d))?"
)


def test_pages_and_commands_that_messages_and_comments_name_exist():
    targets = {
        match[1]
        for path in CODE_FILES
        for match in re.finditer(r"(?:`|run )make ([a-z-]+)", path.read_text())
    }
    assert {"demo", "docs", "study"} <= targets <= TARGETS
    named = [match for path in CODE_FILES for match in PAGE_NAME.finditer(path.read_text())]
    assert {match[1] for match in named} >= {"docs/deploy", "docs/suite", "docs/cluster"}
    for match in named:
        page = CHECKOUT / f"{match[1]}.md"
        assert page in PAGES, match[0]
        assert not match[2] or match[2] in anchors(page), match[0]
        assert not match[3] or f"\n## {match[3]}. " in page.read_text(), match[0]


def test_every_page_is_in_the_navigation_or_linked_from_the_readme():
    site = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text())
    nav = re.findall(r"[\w/]+\.md", json.dumps(site["nav"]))
    linked = LINK.findall((CHECKOUT / "README.md").read_text())
    reached = {CHECKOUT / "docs" / name for name in nav} | {CHECKOUT / link for link in linked}
    assert set(PAGES) - {CHECKOUT / "README.md", CHECKOUT / "config/README.md"} <= reached


def test_the_site_builds_and_loads_nothing_from_other_servers(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = [*tmp_path.glob("*.html")]
    assert len(pages) > 15
    for page in pages:
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"([^\"]+)", page.read_text())
        assert [url for url in loaded if url.startswith(("http", "//"))] == [], page.name


WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))


def test_workflows_run_commands_that_exist():
    jobs = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
    lines = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    made = [shlex.split(line) for line in lines if line.startswith("make ")]
    assert len(made) >= 4
    for words in made:
        assert words[1] in TARGETS or words[1] == ".venv/.installed", words


# ---- Generated files and versions ----


def test_the_architecture_figure_matches_the_rules(monkeypatch, tmp_path):
    monkeypatch.chdir(CHECKOUT)
    rulegraph.write_stage_chart(tmp_path / "architecture.svg")
    image = (tmp_path / "architecture.svg").read_text()
    assert (CHECKOUT / "docs/architecture.svg").read_text() == image
    rules = re.findall(r"^(?:use )?rule (?:\w+ as )?(\w+)", "".join(RULE_FILES), re.MULTILINE)
    assert [rule for rule in rules if f">{rule}<" not in image] == []


RULE_FILES = [path.read_text() for path in (CHECKOUT / "workflow/rules").glob("*.smk")]


def test_generated_pages_are_up_to_date(monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    assert get_section(CHECKOUT / "docs/configuration.md", "make docs") == config_reference()
    assert get_section(CHECKOUT / "docs/files.md", "make docs") == file_reference()


def test_versions_agree_and_no_unreleased_version_has_a_date():
    version, date = re.search(
        r"^## \[([\d.]+)\] - (.+)$", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE
    ).groups()
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text())
    assert citation["version"] == version
    assert tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"] == version
    assert ("date-released" in citation) == (date != "Unreleased")
    assert date == "Unreleased" or str(citation["date-released"]) == date


def test_the_readme_has_at_most_120_lines():
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= 120
