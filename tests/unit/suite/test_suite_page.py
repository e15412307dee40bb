"""The suite page, written by the scripts from simulated predictions."""

import re
from html import unescape
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from cifarbench.report.translation import CATALOGUES as OF_THE_REPORT
from cifarbench.report.translation import languages
from cifarbench.suite.report_page import LOCALE_DIR
from helpers.finished import simulate

THREE = ["digits", "textures", "fashion_mnist"]
EIGHT = [f"set_{number}" for number in range(8)]


def text_of(page: str) -> str:
    """Return the words of a page, without its styles and scripts."""
    words = unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", words.replace("\N{NO-BREAK SPACE}", " "))


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Path:
    return simulate(tmp_path_factory.mktemp("three"), THREE)


@pytest.fixture(scope="module")
def page(three: Path) -> str:
    return three.read_text()


def test_three_datasets_are_not_tested_across_datasets(page, three):
    text = text_of(page)
    assert "There are 3 datasets; a test across datasets needs at least 6, so none is made." in text
    assert "Holm's correction" in text
    assert "p, Wilcoxon" not in text
    assert read_csv(three.parent / "dataset_tests.csv") == []


def test_all_pairs_are_tested_across_eight_datasets(tmp_path):
    simulated = simulate(tmp_path, EIGHT, repeats=1, holes=False)
    text = text_of(simulated.read_text())
    assert re.search(r"Across 8 datasets, \d of 6 pairs of models differ significantly", text)
    tests = {(one["model_a"], one["model_b"]): one for one in read_csv(tmp_path / "dataset_tests.csv")}
    assert tests["knn_raw", "mlp"]["p_value_adjusted"] < 0.05
    assert tests["knn_raw", "mlp"]["p_b_better"] > 0.95
    assert "Variance across seeds and splits" not in text


def test_missing_and_failed_runs_are_shown(page, three):
    text = text_of(page)
    assert "not run" in text
    assert (
        "mlp on digits failed (order of batches by seed 1). train_network: the training loss is nan" in text
    )
    findings = read_json(three.parent / "checks.json")
    failed = [row for row in read_csv(three.parent / "runs.csv") if row["error"]]
    assert [(entry["code"], entry["model"]) for entry in findings] == [
        ("CB118", row["model"]) for row in failed
    ]
    assert "the training loss is nan in epoch 3" in findings[0]["message"]


def test_the_best_model_of_each_dataset_is_highlighted(page, three):
    rows = [row for row in read_csv(three.parent / "runs.csv") if row["varied_factor"] is None]
    for dataset in THREE:
        best = max(row["accuracy"] for row in rows if row["dataset"] == dataset)
        assert re.search(rf'class="heat best" data-value="{best}"', page)


def test_shifted_test_sets_are_reported_separately(page, three):
    text = text_of(page)
    assert (
        "On foggy (fashion_mnist), accuracies change by \N{MINUS SIGN}0.100 to \N{MINUS SIGN}0.100; 6 of 6"
        in text
    )
    rows = {(row["model"], row["dataset"]): row["rank"] for row in read_csv(three.parent / "ranks.csv")}
    assert rows["mlp", "fashion_mnist"] == 1


def test_the_page_is_self_contained_and_links_to_the_reports(page):
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert page.count("<svg") == 3
    for dataset in THREE:
        assert f'<a href="../{dataset}/report.html">' in page


def test_the_page_is_translated_into_russian(tmp_path):
    text = text_of(simulate(tmp_path, THREE, language="ru", holes=False).read_text())
    assert "Классификаторы на разных наборах" in text
    assert "Наборов 3; критерию по наборам нужно не меньше 6" in text
    # Only names of models, datasets, files, tests and authors are in Latin letters.
    assert not re.search(r"\b(the|of|with|images|training|accuracy)\b", text.partition("suite:")[0])


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_catalogues_have_all_messages_of_the_page(code):
    with (OF_THE_REPORT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(
        LOCALE_DIR.parent, methods, options, {"say": None, "plural": (1, 2), "mark": None}
    )
    said = {message for _, _, message, _, _ in found}
    own, reports = (_catalogue(folder / f"{code}.po") for folder in (LOCALE_DIR, OF_THE_REPORT))
    assert set(own) == said - set(reports)
    for source, message in own.items():
        sources = [source] if isinstance(source, str) else source
        texts = [message.string] if isinstance(source, str) else message.string
        assert all(texts), source
        assert {_fields(text) for text in texts} == {_fields(text) for text in sources}, source


def _catalogue(path: Path) -> dict:
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


def _fields(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
