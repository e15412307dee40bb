"""Draw a network's training curves."""

from cifarbench.figures.style import save_svg
from cifarbench.figures.training import describe, draw
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(job: Job) -> None:
    """settings: `model`, `font_size`, `train_color`, `test_color`."""
    figures = read_json(job.input.learning)
    save_svg(
        draw(read_rows(job.input.history), figures, job.settings),
        job.output.figure,
        describe(job.settings["model"], figures),
    )


if __name__ == "__main__":
    run(main)
