"""Draw what models are worth on corrupted images."""

from pathlib import Path

from cifarbench.figures import robustness as curves
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.failures import Failure
from cifarbench.study.files import read_json


def main(robustness: list[Path], metrics: list[Path], figure: Path, settings: dict) -> None:
    """robustness, metrics: in the order of the models; any of them may hold a record of a failure instead.

    settings: `models`; of the configuration's figures, `text` and `cost`.
    """
    found = {
        model: (read_json(scores)["accuracy"], read_json(path))
        for model, path, scores in zip(settings["models"], robustness, metrics, strict=True)
        if not (Failure.read(path) or Failure.read(scores))
    }
    save_svg(curves.draw(found, settings["text"] | settings["cost"]), figure, curves.describe(found))


if __name__ == "__main__":
    run(main)
