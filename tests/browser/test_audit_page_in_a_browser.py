"""The page of an audit in a real browser."""

import shutil
from pathlib import Path

import pytest
import small_audit
from screens import DESKTOP, PHONE

from cifarbench.study.tables import read_rows, write_table

PAGES = ["en", "ru", "files"]
# As people call their pictures: nothing in it at which a line may break, and what a page may not take for its own.
FILE = "train/photographs_of_the_summer/<img src=x.png>" + "IMG_20240731_" * 9 + ".JPEG"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = small_audit.shared()
    named = tmp_path_factory.mktemp("files") / "run"
    shutil.copytree(folder, named)
    for table in (named / "audit").glob("*.csv"):
        rows = read_rows(table)
        files = {name: [FILE] * len(rows) for name in rows[0] if name.startswith("file")}
        write_table(table, {name: [row[name] for row in rows] for name in rows[0]} | files)
    return {
        "en": small_audit.page(folder),
        "ru": small_audit.page(folder, "ru"),
        "files": small_audit.page(named),
    }


@pytest.mark.parametrize("name", PAGES)
def test_nothing_leaves_the_page_and_nothing_goes_wrong(open_page, pages, name):
    page = open_page(name)
    page.mouse.wheel(0, 100_000)
    assert [url for url in page.requests if not url.startswith("data:")] == [pages[name].as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_does_not_scroll_sideways(open_page, name, viewport):
    page = open_page(name, viewport)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    outside = page.evaluate(
        """width => [...document.querySelectorAll("main *, nav *, header *")]
            .filter(element => !element.closest(".frame, .skip"))
            .filter(element => element.getBoundingClientRect().right > width + 0.5)
            .map(element => element.outerHTML.slice(0, 80))""",
        viewport["width"],
    )
    assert outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "viewport"), [("en", DESKTOP), ("ru", PHONE), ("files", PHONE)], ids=["en", "ru", "files"]
)
def test_contrast_landmarks_and_names_are_accessible(open_page, violations, name, viewport, scheme):
    assert not violations(open_page(name, viewport, color_scheme=scheme))


@pytest.mark.parametrize(
    ("name", "called"), [("en", "picture of test image 7"), ("ru", "вид: тестовое изображение 7")]
)
def test_each_picture_is_shown_and_says_which_it_is(open_page, name, called):
    page = open_page(name)
    shown = page.locator("img").evaluate_all(
        """async images => Promise.all(images.map(async image => {
            await image.decode()
            return [image.alt, image.naturalWidth]
        }))"""
    )
    assert all(alt and width == 8 for alt, width in shown)
    assert called in [alt for alt, _ in shown]
    # The two of a pair are two images, and no line stands between them.
    for pair in page.locator("#copies li").all():
        first, second = (image.bounding_box() for image in pair.locator("img").all())
        assert first["y"] == second["y"]


def test_contents_lead_to_each_section(open_page):
    page = open_page("en", PHONE)
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        assert target.locator("h2").inner_text()
        assert page.url.endswith(link.get_attribute("href"))
    assert page.locator("nav a").count() == page.locator("main section").count()


def test_it_is_whole_without_scripts_and_in_print(open_page):
    page = open_page("en", java_script_enabled=False)
    assert page.locator("#labels li").count() >= small_audit.N_FLIPPED - 1
    assert page.locator("#classes tbody tr").count() == 10
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.locator("#copies img").first.is_visible()
