"""Pages in a real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from screens import DESKTOP

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A page under test talks to nobody, and neither does the browser behind it.
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, to drive a browser")
    if not CHROMIUM:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Chromium's sandbox doesn't run as root, as which containers do.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def open_url(browser) -> Iterator[Callable[..., Any]]:
    """Opens an address, as a context has it; the page keeps its `requests` and what it says, `complaints`."""
    contexts = []

    def opened(url: str, viewport: dict[str, int] = DESKTOP, **context: Any) -> Any:
        contexts.append(browser.new_context(viewport=viewport, **context))
        page = contexts[-1].new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(open_url, pages) -> Callable[..., Any]:
    """Opens one of a module's `pages`, paths by their names, perhaps at a place in it."""

    def opened(name: str, viewport: dict[str, int] = DESKTOP, place: str = "", **context: Any) -> Any:
        return open_url(pages[name].as_uri() + place, viewport, **context)

    return opened


@pytest.fixture
def violations() -> Callable[[Any], str]:
    """What a page lacks for those who can't see it as others do, in words; nothing if it is accessible."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

    def found(page: Any) -> str:
        results = axe.Axe().run(page)
        return results.generate_report() if results.violations_count else ""

    return found
