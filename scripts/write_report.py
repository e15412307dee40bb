"""Write the report of a run."""

from pathlib import Path

from cifarbench.report.page import render
from cifarbench.report.results import Results
from cifarbench.study.command import run
from cifarbench.study.files import write_text


def main(folder: Path, files: list[Path], page: Path, markdown: Path, settings: dict) -> None:
    """settings: `report` (title, language) and `configuration`, shown as it is."""
    html, text = render(Results.read(folder, files), settings)
    write_text(page, html)
    write_text(markdown, text)


if __name__ == "__main__":
    run(main)
