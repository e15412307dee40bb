"""Draw the differences between all pairs of models."""

from pathlib import Path

from cifarbench.figures.paired import describe, draw
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.tables import read_rows


def main(comparison: Path, tests: Path, figure: Path, settings: dict) -> None:
    """comparison: names the models in order. settings: `font_size`, `better_color`, `worse_color`."""
    models, rows = [row["model"] for row in read_rows(comparison)], read_rows(tests)
    save_svg(draw(models, rows, settings), figure, describe(models, rows))


if __name__ == "__main__":
    run(main)
