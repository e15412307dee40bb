"""Measure the explorer of predictions: the size of its page, and how long a browser takes to open and to filter it.

    PYTHONPATH=scripts python benchmarks/explorer.py results/cifar10 --page docs/explorer.md

Needs finished runs, Chromium and playwright. Times are medians in headless Chromium.
"""

import argparse
import shutil
from pathlib import Path
from statistics import median

import numpy as np

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import drop_failed, read_csv
from cifarbench.io.markdown_sections import replace_section
from cifarbench.report.embedding import sample_rows

N_OPENED = 3
# Views that are filtered one after the other: by class, by who is right, by confidence, and sorted.
VIEWS = [
    "true=3",
    "wrong={model}",
    "model={model}&confidence=20-70",
    "model={model}&sort=loss",
    "captions=all",
]


def measure_browser(page: Path, model: str) -> tuple[float, float]:
    """Return the median seconds until a page is ready, and the median milliseconds of a filter."""
    from playwright.sync_api import sync_playwright

    opened, filtered = [], []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        for _ in range(N_OPENED):
            tab = browser.new_page()
            tab.goto(page.as_uri())
            tab.wait_for_selector("html[data-ready]")
            first = "performance.getEntriesByName('filter', 'measure')[0]"
            opened.append(tab.evaluate(f"({first}.startTime + {first}.duration) / 1000"))
            for view in VIEWS:
                tab.evaluate("view => { location.hash = view }", view.format(model=model))
                tab.wait_for_timeout(500)
            durations = "performance.getEntriesByName('filter', 'measure').map(entry => entry.duration)"
            filtered += tab.evaluate(durations)[1:]
            tab.close()
        browser.close()
    return median(opened), median(filtered)


def main() -> None:
    """Measure the explorers of runs, print a table, and write it into a page if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--page", type=Path, help="Markdown file whose section is replaced")
    args = parser.parse_args()
    lines = ["| images | models | page, MB | opens, s | filter, ms |", "|---|--:|--:|--:|--:|"]
    for results in args.results:
        page, dataset = (results / "explorer.html").resolve(), read_json(results / "data/dataset.json")
        models = drop_failed(read_csv(results / "comparison.csv"))
        opens, filters = measure_browser(page, models[0]["model"])
        n_images = len(sample_rows(np.load(results / "data/test_labels.npy"), 0))
        images = f"{dataset['dataset']}, {n_images:,} of {' x '.join(map(str, dataset['image_shape']))}"
        size = page.stat().st_size / 1e6
        lines.append(f"| {images} | {len(models)} | {size:.1f} | {opens:.2f} | {filters:.0f} |")
    text = "\n".join(lines)
    print(text)
    if args.page:
        replace_section(args.page, "benchmarks/explorer.py", text)


if __name__ == "__main__":
    main()
