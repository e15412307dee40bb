"""Draw a model's reliability diagram."""

from pathlib import Path

from cifarbench.figures.reliability import describe, draw
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(metrics: Path, figure: Path, settings: dict) -> None:
    """settings: `model`, `font_size`, `color`, `gap_color`."""
    scores = read_json(metrics)
    save_svg(draw(scores, settings), figure, describe(settings["model"], scores))


if __name__ == "__main__":
    run(main)
