"""The audit page, and the audit in the report, written by the scripts for images with planted faults."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cifarbench.io.atomic import read_json
from cifarbench.report.results import Results
from cifarbench.report.translation import languages
from cifarbench.report.view import render
from helpers import small_audit, small_run


@pytest.fixture(scope="module")
def folder() -> Path:
    return small_audit.shared()


@pytest.fixture(scope="module")
def run(folder: Path) -> Results:
    return Results.read(folder, small_run.files(folder))


@pytest.mark.parametrize("language", languages())
def test_page_shows_pairs_labels_and_classes(folder: Path, language: str) -> None:
    html = small_audit.page(folder, language).read_text()
    assert html.count('<section id="') == 6
    assert html.count("<img") >= 2 + small_audit.N_FLIPPED + 10
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    if language == "en":
        assert "identical, 1.00<br>training image 10<br>test image 7" in html


@pytest.mark.parametrize("language", languages())
def test_report_shows_the_effect_of_duplicates(folder: Path, run: Results, language: str) -> None:
    html, markdown = render(run, small_run.settings(language))
    section = html.partition('<section id="audit">')[2].partition("</section>")[0]
    assert section.count("<tr>") == 1 + len(small_run.MODELS)
    impact = read_json(folder / "audit/issue_impact.json")["subsets"]["no_duplicates"]["models"]
    assert f'data-value="{impact["mlp"]["accuracy"]}"' in section
    assert "audit.html" in section
    if language == "en":
        # Warnings are on the first screen.
        sentence = "1 of 360 test images (0.28%) are duplicates or near-duplicates of training images."
        assert f"**Warning.** {sentence}" in markdown.partition("|")[0]
        assert sentence in section


def test_new_labels_are_on_the_first_screen(run: Results) -> None:
    relabeled = {"train": [1, 2], "test": [5], "file": "my_labels.csv"}
    html, markdown = render(
        replace(run, dataset=run.dataset | {"relabeled": relabeled}), small_run.settings()
    )
    sentence = "2 training and 1 test images have new labels from <code>my_labels.csv</code>."
    assert sentence in html.partition('<section id="summary">')[2].partition("<table")[0]
    assert "**Warning.** 2 training and 1 test images have new labels" in markdown.partition("|")[0]


def test_excluded_images_are_on_the_first_screen(run: Results) -> None:
    excluded = {"train": [1, 2], "test": [5], "file": "my_list.csv"}
    html, markdown = render(replace(run, dataset=run.dataset | {"removed": excluded}), small_run.settings())
    sentence = "2 training and 1 test images are excluded by <code>my_list.csv</code>."
    assert sentence in html.partition('<section id="summary">')[2].partition("<table")[0]
    assert "**Warning.** 2 training and 1 test images are excluded" in markdown.partition("|")[0]
