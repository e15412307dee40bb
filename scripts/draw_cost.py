"""Draw accuracy against the cost of prediction."""

from pathlib import Path

from cifarbench.figures.cost import describe, draw
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.tables import read_rows


def main(comparison: Path, figure: Path, settings: dict) -> None:
    """settings: `font_size`, `colors`."""
    rows = read_rows(comparison)
    save_svg(draw(rows, settings), figure, describe(rows))


if __name__ == "__main__":
    run(main)
