"""Plot the accuracy of all models on corrupted images."""

from cifarbench.io.atomic import read_json
from cifarbench.plots import robustness
from cifarbench.plots.style import save_svg
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the plot; one of `robustness` or `metrics` may be the record of a failure.

    settings: `models`, in the order of both; the styles `text` and `cost`.
    """
    accuracies = {
        model: (read_json(scores)["accuracy"], read_json(path))
        for model, path, scores in zip(
            job.settings["models"], job.input.robustness, job.input.metrics, strict=True
        )
        if not (Failure.read(path) or Failure.read(scores))
    }
    save_svg(
        robustness.plot_corruption_accuracy(accuracies, job.settings["text"] | job.settings["cost"]),
        job.output.figure,
        robustness.alt_text(accuracies),
    )
