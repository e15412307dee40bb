"""What an audit found, on its own page and in the report: real scripts on real images with faults made on purpose."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from cifarbench.report.language import languages
from cifarbench.report.page import render
from cifarbench.report.results import Results
from helpers import small_audit, small_run


@pytest.fixture(scope="module")
def folder() -> Path:
    return small_audit.shared()


def report(folder: Path, language: str = "en") -> tuple[str, str]:
    run = Results.read(folder, small_run.files(folder))
    return render(run, small_run.settings(language))


def test_the_tables_hold_what_was_made(folder: Path) -> None:
    pairs = read_csv(folder / "audit/duplicates.csv")
    first = pairs[0]
    assert [first[name] for name in ("split_a", "index_a", "split_b", "index_b")] == ["train", 10, "test", 7]
    assert (first["type"], first["score"]) == ("identical", 1.0)
    doubtful = [
        row["index"] for row in read_csv(folder / "audit/label_issues.csv") if row["split"] == "train"
    ]
    assert len(set(range(small_audit.N_FLIPPED)) & set(doubtful)) >= small_audit.N_FLIPPED - 1
    odd = [(row["split"], row["index"], row["issue"]) for row in read_csv(folder / "audit/image_issues.csv")]
    assert odd[0] == ("train", 11, "low_information")


@pytest.mark.parametrize("language", languages())
def test_the_page_shows_pairs_labels_and_classes(folder: Path, language: str) -> None:
    html = small_audit.page(folder, language).read_text()
    assert html.count('<section id="') == 6
    assert html.count("<img") >= 2 + small_audit.N_FLIPPED + 10
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)


def test_the_page_names_the_copy(folder: Path) -> None:
    html = small_audit.page(folder).read_text()
    assert "identical, 1.00<br>training image 10<br>test image 7" in html


@pytest.mark.parametrize("language", languages())
def test_the_report_says_what_copies_do_to_the_comparison(folder: Path, language: str) -> None:
    html, markdown = report(folder, language)
    effects = read_json(folder / "audit/issue_impact.json")["subsets"]
    section = html.partition('<section id="audit">')[2].partition("</section>")[0]
    assert section.count("<tr>") == 1 + len(small_run.MODELS)
    accuracy = effects["no_duplicates"]["models"]["mlp"]["accuracy"]
    assert f'data-value="{accuracy}"' in section
    assert "audit.html" in section
    if language == "en":
        assert "1 of 360 test images (0.28%) are copies of training images, or nearly" in markdown


def test_what_was_left_out_stands_on_the_first_screen(folder: Path) -> None:
    run = Results.read(folder, small_run.files(folder))
    excluded = {"train": [1, 2], "test": [5], "file": "my_list.csv"}
    html, markdown = render(replace(run, dataset=run.dataset | {"removed": excluded}), small_run.settings())
    sentence = "2 training and 1 test images were left out, as <code>my_list.csv</code> says."
    assert sentence in html.partition('<section id="summary">')[2].partition("<table")[0]
    assert "**Warning.** 2 training and 1 test images were left out" in markdown.partition("|")[0]
