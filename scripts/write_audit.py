"""Write the page of an audit."""

from pathlib import Path

import numpy as np

from cifarbench.report.audit_page import render
from cifarbench.study.command import run
from cifarbench.study.files import write_text


def main(
    files: list[Path],
    dataset: Path,
    train_images: Path,
    test_images: Path,
    means: Path,
    page: Path,
    settings: dict,
) -> None:
    """files: tables and summaries of the audit. settings: `language`."""
    known = {f"audit/{path.name}": path for path in files} | {"data/dataset.json": dataset}
    images = {
        "train": np.load(train_images, mmap_mode="r"),
        "test": np.load(test_images, mmap_mode="r"),
    }
    write_text(page, render(known, images, np.load(means), settings))


if __name__ == "__main__":
    run(main)
