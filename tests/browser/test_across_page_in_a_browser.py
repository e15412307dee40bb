"""The page across datasets in a real browser."""

import sys
from pathlib import Path

import pytest
from screens import DESKTOP, PHONE

sys.path.append(str(Path(__file__).parents[1] / "unit/across"))
from finished import simulate

DATASETS = [f"set_{number}" for number in range(8)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "en": simulate(tmp_path_factory.mktemp("en"), DATASETS[:3]),
        "ru": simulate(tmp_path_factory.mktemp("ru"), DATASETS[:3], language="ru"),
        "eight": simulate(tmp_path_factory.mktemp("eight"), DATASETS),
    }


@pytest.mark.parametrize("name", ["en", "ru", "eight"])
def test_nothing_leaves_the_page_and_nothing_goes_wrong(open_page, name):
    page = open_page(name)
    page.mouse.wheel(0, 100_000)
    for head in page.locator("thead button").all():
        if head.is_visible():
            head.click()
    assert not [url for url in page.requests if url.startswith("http")]
    assert page.complaints == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["en", "ru", "eight"])
def test_the_page_does_not_scroll_sideways(open_page, name, viewport):
    page = open_page(name, viewport)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for figure in page.locator("figure svg").all():
        assert figure.bounding_box()["width"] > 300


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_contrast_landmarks_and_names_are_accessible(open_page, violations, viewport, scheme):
    page = open_page("en", viewport, color_scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert not violations(page)


def test_the_heat_map_sorts_and_missing_cells_stay_last(open_page):
    page = open_page("en")
    # The second dataset lacks a model.
    head = page.locator("#summary thead th").nth(2)
    for _ in range(2):
        head.get_by_role("button").click()
        cells = page.locator("#summary tbody td:nth-child(3)").all()
        assert [cell.get_attribute("data-value") == "" for cell in cells] == [False] * (len(cells) - 1) + [
            True
        ]
    assert "absent" in cells[-1].get_attribute("class")


def test_a_cell_of_the_best_model_is_the_darkest(open_page):
    page = open_page("en")
    colors = page.locator("#summary tbody td:nth-child(2)").evaluate_all(
        "cells => cells.map(cell => [cell.className, getComputedStyle(cell).backgroundColor])"
    )
    assert len({color for name, color in colors if "best" in name}) == 1
    assert len({color for _, color in colors}) == len(colors)
