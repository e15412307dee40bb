"""Fixtures of the tests in a real browser: Chromium, driven by Playwright."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cifarbench.io.csv_io import read_csv, write_csv
from cifarbench.report.results import Results
from cifarbench.report.view import render
from cifarbench.runtime.failures import Failure
from helpers import small_audit, small_explorer, small_run
from helpers.finished import simulate
from helpers.screens import DESKTOP

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Neither a page under test nor the browser may send requests to servers.
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, to drive a browser")
    if not CHROMIUM:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Chromium's sandbox doesn't run as root, the user of most containers.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def open_url(browser) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a URL. The page has lists of its `requests` and of its messages, `complaints`."""
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
    """Return a function that opens one of the `pages`, optionally at a fragment."""

    def opened(name: str, viewport: dict[str, int] = DESKTOP, place: str = "", **context: Any) -> Any:
        return open_url(pages[name].as_uri() + place, viewport, **context)

    return opened


@pytest.fixture
def violations() -> Callable[[Any], str]:
    """Return a function that reports a page's accessibility violations as text, which is empty if there are none."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

    def found(page: Any) -> str:
        results = axe.Axe().run(page)
        return results.generate_report() if results.violations_count else ""

    return found


# ---- Pages ----


class Pages(dict[str, Path]):
    """The pages of the workflow by name; each is written when it is first opened."""

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> Path:
        what, _, variant = name.partition(" ")
        folder = self.folder / name
        folder.mkdir()
        self[name] = {"report": report, "audit": audit, "suite": suite, "explorer": explorer}[what](
            folder, variant
        )
        return self[name]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))


def report(folder: Path, variant: str) -> Path:
    """Write the report in English, in Russian, or with failed models."""
    run = small_run.shared()
    if variant == "failed":
        others = [name for name in small_run.NINE if name not in small_run.MODELS]
        run = shutil.copytree(small_run.shared(*others), folder / "run")
        memory, value = "MemoryError: " + 40 * "so much memory ", "ValueError: " + 80 * "unbreakable_"
        small_run.fail(run, "knn_pca", Failure("pca", "fit_features", memory))
        small_run.fail(run, "forest", Failure("forest", "fit_estimator", value))
        small_run.compare(run, list(small_run.NINE))
    settings = small_run.settings("ru" if variant == "ru" else "en")
    page = folder / "report.html"
    results = Results.read(run, small_run.files(run))
    # Claims of the reference notebook are checked on its images only.
    cifar10 = replace(results, dataset=results.dataset | {"dataset": "cifar10", "type": "cifar10"})
    page.write_text(render(cifar10, settings)[0], encoding="utf-8")
    return page


# A long file name without a point for a line break, and with markup that a page has to escape.
FILE = "train/photographs_of_the_summer/<img src=x.png>" + "IMG_20240731_" * 9 + ".JPEG"


def audit(folder: Path, variant: str) -> Path:
    """Write the audit page in English, in Russian, or for images with file names."""
    run = shutil.copytree(small_audit.shared(), folder / "run")
    for table in (run / "audit").glob("*.csv") if variant == "files" else ():
        rows = read_csv(table)
        files = {name: [FILE] * len(rows) for name in rows[0] if name.startswith("file")}
        write_csv(table, {name: [row[name] for row in rows] for name in rows[0]} | files)
    return small_audit.page(run, "ru" if variant == "ru" else "en")


def suite(folder: Path, variant: str) -> Path:
    """Write the suite page of three datasets in English or in Russian, or of eight datasets."""
    datasets = [f"set_{number}" for number in range(8 if variant == "eight" else 3)]
    return simulate(folder, datasets, language="ru" if variant == "ru" else "en")


def explorer(folder: Path, variant: str) -> Path:
    """Write the explorer in English, in Russian, or with odd class names and a failed model."""
    return small_explorer.write(folder, "ru" if variant == "ru" else "en", odd=variant == "odd")
