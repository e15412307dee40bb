"""Compare all models on the same test images; a model that failed has a row with the reason."""

import numpy as np

from cifarbench.evaluation import comparison as compare
from cifarbench.evaluation.statistics import paired_tests
from cifarbench.io.atomic import load_npz, read_json, write_json, write_text
from cifarbench.io.csv_io import drop_failed, read_csv, write_csv
from cifarbench.runtime.failures import Failure, find_failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the comparison, paired tests and agreement; an input may be the record of a failure.

    settings: `models`, in the order of `predictions` and `fits`; `runs`, in the order of `metrics`; `families`, by
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
    fitted = [model for model in models if model not in failures]

    fits = {model: read_json(files[model][1]) for model in fitted}
    columns = compare.comparison_table(
        {model: job.settings["families"][model] for model in models},
        metrics={run: read_json(path) for run, path in by_run.items() if not Failure.read(path)},
        fits=fits,
        failures=failures,
    )
    write_csv(job.output.comparison, columns)
    write_text(job.output.latex_table, compare.to_latex(drop_failed(read_csv(job.output.comparison))))

    predictions = {model: load_npz(files[model][0]) for model in fitted}
    y_true = predictions[fitted[0]]["y_true"] if fitted else np.empty(0, dtype=int)
    y_pred = {model: arrays["y_pred"] for model, arrays in predictions.items()}
    correct = {model: predicted == y_true for model, predicted in y_pred.items()}
    write_csv(job.output.tests, paired_tests(correct))
    labels = {model: fit["family_label"] for model, fit in fits.items() if not fit.get("pretrained")}
    agreement = compare.model_agreement(y_true, y_pred, read_json(job.input.dataset)["classes"])
    write_json(
        job.output.agreement,
        agreement | {"per_family": compare.best_per_family_disagreement(y_true, y_pred, labels)},
    )
