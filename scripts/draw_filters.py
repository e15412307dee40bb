"""Draw what a model has learned to look for in images."""

from importlib import import_module
from pathlib import Path

from cifarbench.figures.filters import draw_filters
from cifarbench.figures.style import save_png
from cifarbench.study.command import run
from cifarbench.study.files import read_json


def main(learned: Path, dataset: Path, figure: Path, settings: dict) -> None:
    """learned: what was fitted. settings: `module`, of the library, that reads it; `font_size`, `dpi`."""
    image_shape = tuple(read_json(dataset)["image_shape"])
    found = import_module(f"cifarbench.{settings['module']}").filters(learned, image_shape)
    save_png(draw_filters(found, settings), figure, settings["dpi"])


if __name__ == "__main__":
    run(main)
