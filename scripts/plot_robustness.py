"""Draw what models are worth on corrupted images."""

from cifarbench.io.atomic import read_json
from cifarbench.plots import robustness as curves
from cifarbench.plots.style import save_svg
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """robustness, metrics: in the order of the models; any of them may hold a record of a failure instead.

    settings: `models`; of the configuration's figures, `text` and `cost`.
    """
    found = {
        model: (read_json(scores)["accuracy"], read_json(path))
        for model, path, scores in zip(
            job.settings["models"], job.input.robustness, job.input.metrics, strict=True
        )
        if not (Failure.read(path) or Failure.read(scores))
    }
    save_svg(
        curves.plot_corruption_accuracy(found, job.settings["text"] | job.settings["cost"]),
        job.output.figure,
        curves.alt_text(found),
    )
