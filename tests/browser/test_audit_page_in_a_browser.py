"""The page of an audit in a real browser."""

import pytest

from helpers import small_audit
from helpers.screens import PHONE


@pytest.mark.parametrize(
    ("name", "called"),
    [("audit", "thumbnail of test image 7"), ("audit ru", "миниатюра: тестовое изображение 7")],
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
    page = open_page("audit", PHONE)
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        assert target.locator("h2").inner_text()
        assert page.url.endswith(link.get_attribute("href"))
    assert page.locator("nav a").count() == page.locator("main section").count()


def test_it_is_whole_without_scripts_and_in_print(open_page):
    page = open_page("audit", java_script_enabled=False)
    assert page.locator("#labels li").count() >= small_audit.N_FLIPPED - 1
    assert page.locator("#classes tbody tr").count() == 10
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.locator("#copies img").first.is_visible()
