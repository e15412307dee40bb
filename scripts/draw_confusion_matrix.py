"""Draw a model's confusion matrix."""

from pathlib import Path

import numpy as np

from cifarbench.figures.confusion import describe, draw
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(metrics: Path, figure: Path, settings: dict) -> None:
    """settings: `model`, `font_size`, `color`."""
    scores = read_json(metrics)
    matrix, classes = np.array(scores["confusion_matrix"]), list(scores["per_class"])
    save_svg(draw(matrix, classes, settings), figure, describe(settings["model"], matrix, classes))


if __name__ == "__main__":
    run(main)
