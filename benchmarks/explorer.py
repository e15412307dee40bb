"""Measure the explorer of predictions: the size of its page, and how long a browser takes to open and to filter it.

    PYTHONPATH=scripts python benchmarks/explorer.py results/cifar10 --models 6 16 --page docs/explorer.md

Needs a finished run, Chromium and playwright. More models than the run has are copies of its models. Times are medians
in headless Chromium.
"""

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from cifarbench.io.atomic import load_npz, read_json, write_text
from cifarbench.io.csv_io import drop_failed, read_csv
from cifarbench.io.markdown_sections import replace_section
from cifarbench.report.embedding import embed, sample_rows
from cifarbench.report.explorer import ExplorerData, ModelPredictions, render

N_OPENED = 3
# Views that are filtered one after the other: by class, by who is right, by confidence, and sorted.
VIEWS = [
    "true=3",
    "wrong={model}",
    "model={model}&confidence=20-70",
    "model={model}&sort=loss",
    "captions=all",
]


def read_run(results: Path) -> ExplorerData:
    """Return what the explorer of a finished run shows, without findings and map."""
    labels = np.load(results / "data/test_labels.npy")
    rows = sample_rows(labels, 0)
    models = []
    for row in drop_failed(read_csv(results / "comparison.csv")):
        folder = results / "models" / row["model"]
        arrays, fit = load_npz(folder / "predictions.npz"), read_json(folder / "fit.json")
        proba = arrays["proba"][rows] if fit["has_probabilities"] else None
        models.append(ModelPredictions(row["model"], arrays["y_pred"][rows], proba))
    pixels = np.load(results / "data/test_images.npy", mmap_mode="r")
    dataset = read_json(results / "data/dataset.json")
    return ExplorerData(dataset, pixels, rows, labels[rows], models, {}, {}, None, None)


def with_models(data: ExplorerData, n_models: int) -> ExplorerData:
    """Return the data with some of the models, repeated under other names if there are fewer."""
    models = [
        replace(
            data.models[number % len(data.models)],
            name=f"{data.models[number % len(data.models)].name}_{number}",
        )
        for number in range(n_models)
    ]
    return replace(data, models=models)


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
    """Measure pages with several numbers of models, print a table, and write it into a page if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, help="folder of a finished run")
    parser.add_argument("--models", type=int, nargs="+", default=[6, 16], help="numbers of models")
    parser.add_argument("--page", type=Path, help="Markdown file whose section is replaced")
    args = parser.parse_args()
    data = read_run(args.results)
    shape = " x ".join(map(str, data.dataset["image_shape"]))
    start = time.process_time()
    _, method = embed(data.pixels[data.rows], 0)
    lines = ["| images | models | page, MB | opens, s | filter, ms |", "|---|--:|--:|--:|--:|"]
    seconds = time.process_time() - start
    for n_models in args.models:
        shown = with_models(data, n_models)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "explorer.html"
            write_text(page, render(shown, "en"))
            opens, filters = measure_browser(page, shown.models[0].name)
            size = page.stat().st_size / 1e6
        images = f"{data.dataset['dataset']}, {len(data.rows):,} of {shape}"
        lines.append(f"| {images} | {n_models} | {size:.1f} | {opens:.2f} | {filters:.0f} |")
    text = "\n".join([*lines, "", f"The map ({method}) took {seconds:.0f} s of one processor."])
    print(text)
    if args.page:
        replace_section(args.page, "benchmarks/explorer.py", text)


if __name__ == "__main__":
    main()
