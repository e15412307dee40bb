"""Draw a network's training curves."""

from pathlib import Path

from cifarbench.figures.style import save_svg
from cifarbench.figures.training import describe, draw
from cifarbench.study.command import run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(history: Path, learning: Path, figure: Path, settings: dict) -> None:
    """settings: `model`, `font_size`, `train_color`, `test_color`."""
    figures = read_json(learning)
    save_svg(draw(read_rows(history), figures, settings), figure, describe(settings["model"], figures))


if __name__ == "__main__":
    run(main)
