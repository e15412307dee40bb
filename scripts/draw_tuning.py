"""Draw the scores of a grid search."""

from pathlib import Path

from cifarbench.figures.style import save_svg
from cifarbench.figures.tuning import describe, draw
from cifarbench.study.command import run
from cifarbench.study.tables import read_rows


def main(results: Path, figure: Path, settings: dict) -> None:
    """settings: `model`, `font_size`, `color`."""
    rows = read_rows(results)
    save_svg(draw(rows, settings), figure, describe(settings["model"], rows))


if __name__ == "__main__":
    run(main)
