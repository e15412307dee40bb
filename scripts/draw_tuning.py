"""Draw the scores of a grid search."""

from cifarbench.figures.style import save_svg
from cifarbench.figures.tuning import describe, draw
from cifarbench.runtime.job import Job, run
from cifarbench.study.tables import read_rows


def main(job: Job) -> None:
    """settings: `model`, `font_size`, `color`."""
    rows = read_rows(job.input.results)
    save_svg(draw(rows, job.settings), job.output.figure, describe(job.settings["model"], rows))


if __name__ == "__main__":
    run(main)
