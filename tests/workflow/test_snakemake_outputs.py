"""Snakemake's own outputs for a finished run: its report and the unit tests of the rules."""

import re

import pytest

from helpers.project import CHECKOUT

RULES = [*sorted((CHECKOUT / "workflow/rules").glob("*.smk"))]
CAPTIONS = CHECKOUT / "workflow/report"


def outputs(text: str) -> list[str]:
    return re.findall(r"^    output:\n((?: {8}.*\n)+)", text, re.MULTILINE)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_figure_and_page_is_in_the_report_with_a_caption(path):
    for block in outputs(path.read_text()):
        shown = re.findall(r'reported\(\s*"([^"]+)",.*?\)', block, re.DOTALL)
        for name in re.findall(r'"(<\w+>/[^"]*(?:/figures/[^"]+|report\.html|audit\.html))"', block):
            assert name in shown, name
        captions = re.findall(r'caption="(\w+)"', block)
        for name in shown:
            stem = name.rpartition("/")[2].partition(".")[0]
            assert stem in [file.stem for file in CAPTIONS.glob("*.rst")] or captions, name
        for caption in captions:
            assert (CAPTIONS / f"{caption}.rst").is_file()


def test_every_caption_belongs_to_an_output():
    text = "".join(path.read_text() for path in RULES)
    for caption in CAPTIONS.glob("*.rst"):
        assert f'caption="{caption.stem}"' in text or f"/{caption.stem}." in text, caption


def test_snakemake_s_report_shows_the_figures(project):
    project.succeed("--report", "page.html")
    page = (project.folder / "page.html").read_text()
    figures = [path for path in project.results.glob("figures/**/*") if path.is_file()]
    assert len(figures) > 20
    for path in figures:
        assert str(path.relative_to(project.folder)) in page
    for caption in ("confusion_matrix", "pairwise_differences", "training"):
        words = re.split(r"\*\*|``", (CAPTIONS / f"{caption}.rst").read_text())[0].split()
        assert " ".join(words[:4]) in page


def test_unit_tests_of_all_rules_can_be_generated(project):
    # A new process is needed, because Snakemake reads its working directory when it is imported.
    answer = project.run("--generate-unit-tests", "generated", cold=True)
    assert answer.code == 0, answer.text
    rules = {job.partition(" ")[0] for job in project.would_run("--forceall")}
    assert {path.stem for path in (project.folder / "generated").glob("test_*.py")} == {
        f"test_{rule}" for rule in rules
    }
