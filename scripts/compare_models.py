"""Compare all models on the test images that all of them saw; those that failed are rows that say why."""

import numpy as np

from cifarbench.evaluation import comparison as compare
from cifarbench.evaluation.statistics import paired_tests
from cifarbench.io.atomic import load_npz, read_json, write_json, write_text
from cifarbench.io.csv_io import read_csv, write_csv
from cifarbench.runtime.failures import Failure, find_failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """predictions, fits, metrics: any of them may hold a record of a failure instead.

    settings: `models`, in the order of `predictions` and `fits`; `runs`, in that of `metrics`; `families`, of each
    model.
    """
    models = job.settings["models"]
    by_run = dict(zip(job.settings["runs"], job.input.metrics, strict=True))
    files = {
        model: (*paths, by_run[model])
        for model, *paths in zip(models, job.input.predictions, job.input.fits, strict=True)
    }
    failures = {
        model: f"{failure.step}: {failure.reason}"
        for model, paths in files.items()
        if (failure := find_failure([*paths]))
    }
    left = [model for model in models if model not in failures]

    fits = {model: read_json(files[model][1]) for model in left}
    columns = compare.comparison_table(
        {model: job.settings["families"][model] for model in models},
        metrics={one: read_json(path) for one, path in by_run.items() if not Failure.read(path)},
        fits=fits,
        failures=failures,
    )
    write_csv(job.output.comparison, columns)
    write_text(job.output.latex_table, compare.to_latex(compare.drop_failed(read_csv(job.output.comparison))))

    answers = {model: load_npz(files[model][0]) for model in left}
    y_true = answers[left[0]]["y_true"] if left else np.empty(0, dtype=int)
    y_pred = {model: arrays["y_pred"] for model, arrays in answers.items()}
    correct = {model: predicted == y_true for model, predicted in y_pred.items()}
    write_csv(job.output.tests, paired_tests(correct))
    kinds = {model: fit["family_label"] for model, fit in fits.items() if not fit.get("pretrained")}
    agreement = compare.model_agreement(y_true, y_pred, read_json(job.input.dataset)["classes"])
    write_json(
        job.output.agreement,
        agreement | {"per_family": compare.best_per_family_disagreement(y_true, y_pred, kinds)},
    )
