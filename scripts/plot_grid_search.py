"""Plot the scores of a grid or random search."""

from cifarbench.io.csv_io import read_csv
from cifarbench.plots.grid_search import alt_text, plot_grid_search
from cifarbench.plots.style import save_svg
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plot. settings: `model`, `font_size`, `color`, `scales` of a random search, `metric`."""
    rows, metric = read_csv(job.input.results), job.settings.get("metric", "accuracy")
    description = alt_text(job.settings["model"], rows, metric)
    save_svg(plot_grid_search(rows, job.settings), job.output.figure, description)
