"""Draw what a model has learned to look for in images."""

from importlib import import_module

from cifarbench.io.atomic import read_json
from cifarbench.plots.filters import plot_filters
from cifarbench.plots.style import save_png
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """learned: what was fitted. settings: `module`, of the library, that reads it; `font_size`, `dpi`."""
    image_shape = tuple(read_json(job.input.dataset)["image_shape"])
    found = import_module(f"cifarbench.{job.settings['module']}").load_filters(job.input.learned, image_shape)
    save_png(plot_filters(found, job.settings), job.output.figure, job.settings["dpi"])
