"""Plot a network's training curves."""

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from cifarbench.plots.style import save_svg
from cifarbench.plots.training_curves import alt_text, plot_training_curves
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plot. settings: `model`, `font_size`, `train_color`, `test_color`."""
    summary = read_json(job.input.learning)
    save_svg(
        plot_training_curves(read_csv(job.input.history), summary, job.settings),
        job.output.figure,
        alt_text(job.settings["model"], summary),
    )
