"""The page of an audit in a real browser."""

import pytest

from cifarbench.data.image_lists import read_exclude_list, read_relabel_list
from helpers import small_audit
from helpers.screens import PHONE


@pytest.mark.parametrize(
    ("name", "called"),
    [("audit", "thumbnail of test image 7"), ("audit ru", "миниатюра: тестовое изображение 7")],
)
def test_each_thumbnail_is_shown_with_alternative_text(open_page, name, called):
    page = open_page(name)
    shown = page.locator("img").evaluate_all(
        """async images => Promise.all(images.map(async image => {
            await image.decode()
            return [image.alt, image.naturalWidth]
        }))"""
    )
    assert all(alt and width == 8 for alt, width in shown)
    assert called in [alt for alt, _ in shown]
    # The two images of a pair are side by side.
    for pair in page.locator("#copies li").all():
        first, second = (image.bounding_box() for image in pair.locator("img").all()[:2])
        assert first["y"] == second["y"]


def test_ticked_images_are_downloaded_as_lists(open_page, tmp_path):
    page = open_page("audit")
    first = page.locator("#labels li").first
    first.locator("input.relabel").check()
    page.locator("#copies input.exclude[data-split=test]").first.check()
    index = page.locator("#copies input.exclude[data-split=test]").first.get_attribute("data-index")
    for name in ("exclude", "relabel"):
        with page.expect_download() as download:
            page.locator(f"button[data-list={name}]").click()
        download.value.save_as(tmp_path / f"{name}.csv")
    assert read_exclude_list(tmp_path / "exclude.csv") == {"train": [], "test": [int(index)]}
    tick = first.locator("input.relabel")
    wanted = {int(tick.get_attribute("data-index")): tick.get_attribute("data-label")}
    assert read_relabel_list(tmp_path / "relabel.csv")[tick.get_attribute("data-split")] == wanted
    assert page.complaints == []


def test_contents_link_to_each_section(open_page):
    page = open_page("audit", PHONE)
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        assert target.locator("h2").inner_text()
        assert page.url.endswith(link.get_attribute("href"))
    assert page.locator("nav a").count() == page.locator("main section").count()


def test_the_page_is_complete_without_scripts_and_in_print(open_page):
    page = open_page("audit", java_script_enabled=False)
    assert page.locator("#labels li").count() >= small_audit.N_FLIPPED - 1
    assert page.locator("#classes tbody tr").count() == 10
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.locator("#copies img").first.is_visible()
