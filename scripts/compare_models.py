"""Compare all models on the same test images; a model that failed has a row with the reason."""

from pathlib import Path

import numpy as np

from cifarbench.evaluation import comparison as compare
from cifarbench.evaluation import verdict
from cifarbench.evaluation.baselines import baseline_scores
from cifarbench.evaluation.statistics import paired_tests
from cifarbench.io.atomic import load_npz, read_json, write_json, write_text
from cifarbench.io.csv_io import drop_failed, read_csv, write_csv
from cifarbench.runtime.failures import Failure, find_failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the comparison, paired tests, verdict and agreement; an input may be the record of a failure.

    settings: `models`, in the order of `fits`; `runs`, in the order of `predictions` and `metrics`; `families`, by
    model; `metric`; `margin`; `seed`, of the bootstrap.
    """
    models = job.settings["models"]
    by_run = dict(zip(job.settings["runs"], job.input.metrics, strict=True))
    predictions_of_run = dict(zip(job.settings["runs"], job.input.predictions, strict=True))
    files = {
        model: (predictions_of_run[model], path, by_run[model])
        for model, path in zip(models, job.input.fits, strict=True)
    }
    failures = {
        model: f"{failure.step}: {failure.reason}"
        for model, paths in files.items()
        if (failure := find_failure([*paths]))
    }
    fitted = [model for model in models if model not in failures]
    fits = {model: read_json(files[model][1]) for model in fitted}
    metrics = {run: read_json(path) for run, path in by_run.items() if not Failure.read(path)}
    predictions = {model: load_npz(files[model][0]) for model in fitted}
    y_true = predictions[fitted[0]]["y_true"] if fitted else np.empty(0, dtype=int)
    y_pred = {model: arrays["y_pred"] for model, arrays in predictions.items()}
    correct = {model: predicted == y_true for model, predicted in y_pred.items()}

    tests = paired_tests(correct, job.settings["margin"])
    correct_of_seeds = _correct_of_seeds(fitted, predictions_of_run)
    pairs = list(zip(tests["model_a"], tests["model_b"], strict=True))
    seed = job.settings["seed"]
    write_csv(job.output.tests, tests | verdict.seed_columns(pairs, correct_of_seeds, seed))

    # Models with pretrained features are ranked only among themselves.
    ranked = [model for model in fitted if not fits[model].get("pretrained")] or fitted
    ranks = verdict.rank_models(
        job.settings["metric"], metrics, {model: predictions[model] for model in ranked}, tests, seed
    )
    columns = compare.comparison_table(
        {model: job.settings["families"][model] for model in models},
        metrics=metrics,
        fits=fits,
        failures=failures,
        ranks=ranks.columns() if ranks else {},
    )
    write_csv(job.output.comparison, columns)
    write_text(job.output.latex_table, compare.to_latex(drop_failed(read_csv(job.output.comparison))))

    classes, train_labels = read_json(job.input.dataset)["classes"], np.load(job.input.train_labels)
    content = {
        "metric": job.settings["metric"],
        "margin": job.settings["margin"],
        "best": verdict.describe_best(ranks, metrics) if ranks else None,
        "significantly_better": {
            name: [other for other, is_better in zip(ranks.names, row, strict=True) if is_better]
            for name, row in zip(ranks.names, ranks.better, strict=True)
        }
        if ranks
        else {},
        "detectable": verdict.describe_power({model: correct[model] for model in ranked}),
        "variance": verdict.describe_variance(correct_of_seeds),
        "class_counts": np.bincount(train_labels, minlength=len(classes)).tolist(),
        "baselines": baseline_scores(train_labels, y_true, len(classes), job.settings["metric"], seed)
        if fitted
        else None,
    }
    write_json(job.output.verdict, content)

    labels = {model: fit["family_label"] for model, fit in fits.items() if not fit.get("pretrained")}
    agreement = compare.model_agreement(y_true, y_pred, classes)
    write_json(
        job.output.agreement,
        agreement | {"per_family": compare.best_per_family_disagreement(y_true, y_pred, labels)},
    )


def _correct_of_seeds(models: list[str], predictions_of_run: dict[str, Path]) -> dict[str, np.ndarray]:
    """Return model -> whether each of its runs classifies an image correctly: (n_seeds, N) bool."""
    correct: dict[str, list[np.ndarray]] = {model: [] for model in models}
    for run, path in predictions_of_run.items():
        model = run.partition("/")[0]
        if model in correct and not Failure.read(path):
            arrays = load_npz(path)
            correct[model].append(arrays["y_pred"] == arrays["y_true"])
    return {model: np.array(runs) for model, runs in correct.items()}
