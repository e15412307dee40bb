"""Plot the comparison of all models across datasets, seeds, splits and sizes."""

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import drop_failed, read_csv
from cifarbench.plots.style import save_svg
from cifarbench.runtime.job import Job
from cifarbench.suite import plots
from cifarbench.suite.results_table import filter_dataset, reference_runs


def main(job: Job) -> None:
    """Write the plots; `curves` are those of the datasets `with_curves`.

    settings: `datasets`, `models`, `with_curves`, `style`.
    """
    rows, variances = drop_failed(read_csv(job.input.runs)), read_csv(job.input.all_variances)
    models, style = job.settings["models"], job.settings["style"]
    runs = {dataset: reference_runs(filter_dataset(rows, dataset)) for dataset in job.settings["datasets"]}
    runs = {dataset: runs_of_dataset for dataset, runs_of_dataset in runs.items() if runs_of_dataset}
    figure = plots.plot_pareto_fronts(runs, models, style)
    save_svg(figure, job.output.fronts, plots.pareto_alt_text(runs))

    is_iterative = {row["model"]: row["is_iterative"] for row in rows}
    curves = {}
    for dataset, path in zip(job.settings["with_curves"], job.input.curves, strict=True):
        content = read_json(path)
        if content["models"]:
            by_model = {
                model: curve | {"is_iterative": is_iterative[model]}
                for model, curve in content["models"].items()
            }
            curves[dataset] = content | {"models": by_model}
    figure = plots.plot_learning_curves(curves, models, style)
    save_svg(figure, job.output.curves, plots.learning_curves_alt_text(curves))

    spreads = {dataset: filter_dataset(variances, dataset) for dataset in job.settings["datasets"]}
    spreads = {dataset: spread for dataset, spread in spreads.items() if spread}
    figure = plots.plot_variance(spreads, models, style)
    save_svg(figure, job.output.variances, plots.variance_alt_text(spreads))
