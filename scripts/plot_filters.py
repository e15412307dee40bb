"""Plot the filters that a model has learned."""

from importlib import import_module

from cifarbench.io.atomic import read_json
from cifarbench.plots.filters import plot_filters
from cifarbench.plots.style import save_png
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plot of the fitted state `learned`, which the package's `module` of the settings reads.

    settings: `module`, `font_size`, `dpi`.
    """
    image_shape = tuple(read_json(job.input.dataset)["image_shape"])
    module = import_module(f"cifarbench.{job.settings['module']}")
    filters = module.load_filters(job.input.learned, image_shape)
    save_png(plot_filters(filters, job.settings), job.output.figure, job.settings["dpi"])
