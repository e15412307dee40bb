"""The report in a real browser."""

from typing import Any

import pytest

from helpers.screens import DESKTOP, PHONE

DASH = "\N{EN DASH}"
MODEL = "#model-knn_pca"


@pytest.fixture
def page(open_page) -> Any:
    return open_page("report")


def first_column(page: Any) -> list[str]:
    return page.locator("#summary .comparison tbody th").all_inner_texts()


def numbers(page: Any, column: int) -> list[float]:
    cells = page.locator(f"#summary .comparison tbody td:nth-child({column})")
    return [float(cell.get_attribute("data-value")) for cell in cells.all()]


def test_a_column_header_sorts_the_table_and_shows_the_order(page):
    before = first_column(page)
    head = page.locator("#summary .comparison thead th").nth(1)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert numbers(page, 2) == sorted(numbers(page, 2), reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert numbers(page, 2) == sorted(numbers(page, 2))
    assert sorted(first_column(page)) == sorted(before)
    # Times are sorted by duration, not by the number before the unit.
    page.locator("#summary .comparison thead th").last.get_by_role("button").click()
    last = page.locator("#summary .comparison thead th").count()
    assert numbers(page, last) == sorted(numbers(page, last), reverse=True)
    assert page.locator("#summary .comparison th[aria-sort]").count() == 1


def test_the_keyboard_sorts_the_table(page):
    button = page.locator("#summary .comparison thead th").first.get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    assert first_column(page) == sorted(first_column(page))
    page.keyboard.press("Space")
    assert first_column(page) == sorted(first_column(page), reverse=True)
    assert button.evaluate("button => button === document.activeElement")


def test_cells_without_a_value_stay_last(page):
    head = page.locator("#cost thead th").last
    for _ in range(2):
        head.get_by_role("button").click()
        texts = page.locator("#cost tbody td:last-child").all_inner_texts()
        assert [text == DASH for text in texts] == sorted(text == DASH for text in texts)


def test_failed_models_stay_last_in_every_order(open_page):
    page = open_page("report failed")
    # The reasons are visible without scrolling.
    assert page.locator("#summary .failure").last.bounding_box()["y"] < DESKTOP["height"]
    heads = page.locator("#summary .comparison thead th")
    # Columns of metrics that are not chosen are hidden.
    for column in filter(lambda number: heads.nth(number).is_visible(), range(1, heads.count())):
        for _ in range(2):
            heads.nth(column).get_by_role("button").click()
            assert set(first_column(page)[-2:]) == {"knn_pca", "forest"}
    heads.first.get_by_role("button").click()
    assert first_column(page) == sorted(first_column(page))


def test_the_page_is_complete_without_scripts(open_page):
    page = open_page("report", java_script_enabled=False)
    assert page.locator("#summary .comparison tbody tr").count() == 6
    assert page.locator("figure").count() > 20


def test_the_printed_page_is_light_and_has_no_navigation(page, tmp_path):
    pdf = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    # Black text on white paper, also with the dark colour scheme.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for frame in page.locator(".frame").all():
        assert frame.evaluate("frame => getComputedStyle(frame).overflowX") == "visible"


# ---- Collapsed sections ----


def is_open(page: Any, selector: str) -> bool:
    return page.locator(selector).evaluate("part => part.open")


def test_models_are_collapsed_and_open_on_click(page):
    figures = page.locator(f"{MODEL} figure")
    assert page.locator("details.model[open]").count() == 0
    assert not figures.first.is_visible()
    page.locator(f"{MODEL} > summary").click()
    assert figures.first.is_visible()
    page.locator(f"{MODEL} > summary").click()
    assert not figures.first.is_visible()


def test_the_keyboard_opens_a_model(page):
    page.locator(f"{MODEL} > summary").focus()
    page.keyboard.press("Enter")
    assert is_open(page, MODEL)


def test_a_link_opens_its_target_and_the_enclosing_sections(page):
    page.locator('#summary a[href="#model-mlp"]').click()
    assert is_open(page, "#model-mlp")
    page.locator('#claims a[href="#training-mlp_batchnorm_dropout"]').first.click()
    assert is_open(page, "#model-mlp_batchnorm_dropout")
    page.wait_for_function(
        "() => Math.abs(document.getElementById('training-mlp_batchnorm_dropout').getBoundingClientRect().top) < 200"
    )


def test_the_same_link_reopens_a_closed_model(page):
    link = page.locator(f'#summary a[href="{MODEL}"]')
    link.click()
    page.locator(f"{MODEL} > summary").click()
    assert not is_open(page, MODEL)
    link.click()
    assert is_open(page, MODEL)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_opens_at_the_fragment_of_its_url(open_page, viewport):
    page = open_page("report ru", viewport, "#grid-knn_grid")
    assert is_open(page, "#model-knn_grid")
    page.wait_for_function(
        "() => Math.abs(document.getElementById('grid-knn_grid').getBoundingClientRect().top) < 200"
    )
    assert page.locator("details.model[open]").count() == 1


def test_printing_expands_all_sections_temporarily(page, tmp_path):
    page.locator(f"{MODEL} > summary").click()
    page.evaluate(
        "addEventListener('beforeprint', () => { window.open_in_print = "
        "document.querySelectorAll('details:not([open])').length })"
    )
    page.pdf(path=tmp_path / "report.pdf")
    assert page.evaluate("window.open_in_print") == 0
    assert page.locator("details.model[open]").count() == 1
    assert is_open(page, MODEL)


def test_printing_and_clicks_work_without_scripts(open_page):
    page = open_page("report", java_script_enabled=False)
    figure = page.locator(f"{MODEL} figure").first
    page.emulate_media(media="print")
    assert figure.is_visible()
    page.emulate_media(media="screen")
    assert not figure.is_visible()
    page.locator(f"{MODEL} > summary").click()
    assert figure.is_visible()


def test_the_collapsed_page_is_less_than_half_as_long(page):
    folded = page.evaluate("document.documentElement.scrollHeight")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollHeight") > 2 * folded


def test_cells_of_a_confusion_matrix_link_to_the_explorer(page, violations):
    page.locator(f"{MODEL} > summary").click()
    cells = page.locator(f"{MODEL} .cells a")
    figure = page.locator(f"{MODEL} figure", has=page.locator(".cells"))
    counts = [int(text) for text in figure.locator("text").all_text_contents() if text.isdigit()]
    assert cells.count() == sum(count > 0 for count in counts)
    assert cells.first.get_attribute("href") == "explorer.html#model=knn_pca&true=0&predicted=0"
    # The link covers its number.
    cell = cells.first.locator("rect").bounding_box()
    number = figure.locator("text", has_text=str(counts[0])).first.bounding_box()
    assert cell["x"] < number["x"] < cell["x"] + cell["width"]
    assert cell["y"] < number["y"] < cell["y"] + cell["height"]
    assert not violations(page)
    assert page.locator('#agreement a[href^="explorer.html#"][href*="right="]').count() > 2
