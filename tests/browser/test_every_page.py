"""Tests of every page of the workflow in a real browser."""

import pytest

from helpers.screens import DESKTOP, PHONE

REPORTS = ["report", "report ru", "report failed"]
AUDITS = ["audit", "audit ru", "audit files"]
SUITES = ["suite", "suite ru", "suite eight"]
EXPLORERS = ["explorer", "explorer ru", "explorer odd"]
VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.mark.parametrize("name", [*REPORTS, *AUDITS, *SUITES, *EXPLORERS])
def test_the_page_sends_no_requests_and_reports_no_errors(open_page, pages, name):
    page = open_page(name)
    page.mouse.wheel(0, 100_000)
    for head in page.locator("thead button").all():
        if head.is_visible():
            head.click()
    assert [url for url in page.requests if not url.startswith("data:")] == [pages[name].as_uri()]
    assert page.complaints == []


@VIEWPORTS
@pytest.mark.parametrize("name", [*REPORTS, *AUDITS, *EXPLORERS])
def test_the_page_does_not_scroll_sideways(open_page, name, viewport):
    page = open_page(name, viewport)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    outside = page.evaluate(
        """width => [...document.querySelectorAll("main *, nav *, header *")]
            .filter(element => !element.closest(".frame, pre, svg, .skip"))
            .filter(element => element.getBoundingClientRect().right > width + 0.5)
            .map(element => element.outerHTML.slice(0, 80))""",
        viewport["width"],
    )
    assert outside == []


@VIEWPORTS
@pytest.mark.parametrize("name", SUITES)
def test_an_opened_page_does_not_scroll_sideways_and_its_figures_are_large(open_page, name, viewport):
    page = open_page(name, viewport)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for figure in page.locator("figure svg").all():
        assert figure.bounding_box()["width"] > 300


@VIEWPORTS
@SCHEMES
@pytest.mark.parametrize("name", ["report", "report ru", "report failed", "audit", "audit files"])
def test_contrast_landmarks_and_names_are_accessible(open_page, violations, name, scheme, viewport):
    assert not violations(open_page(name, viewport, color_scheme=scheme))


@VIEWPORTS
@SCHEMES
def test_an_opened_page_is_accessible(open_page, violations, scheme, viewport):
    page = open_page("suite", viewport, color_scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert not violations(page)
