"""Write the conclusions report of a run."""

from pathlib import Path

from cifarbench.command import run
from cifarbench.files import write_text
from cifarbench.report import render
from cifarbench.results import Run


def main(folder: Path, files: list[Path], page: Path, markdown: Path, settings: dict) -> None:
    """settings: `report` (title, language) and `configuration`, shown as it is."""
    html, text = render(Run.read(folder, files), settings)
    write_text(page, html)
    write_text(markdown, text)


if __name__ == "__main__":
    run(main)
