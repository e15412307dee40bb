"""Draw all models over datasets, seeds, splits and sizes."""

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv
from cifarbench.plots.style import save_svg
from cifarbench.runtime.job import Job
from cifarbench.suite import plots
from cifarbench.suite.results_table import drop_failed, filter_dataset, reference_runs


def main(job: Job) -> None:
    """curves: of each dataset that has any. settings: `datasets`, `models`, `with_curves`, `style`."""
    rows, variances = drop_failed(read_csv(job.input.runs)), read_csv(job.input.all_variances)
    models, style = job.settings["models"], job.settings["style"]
    own = {dataset: reference_runs(filter_dataset(rows, dataset)) for dataset in job.settings["datasets"]}
    own = {dataset: found for dataset, found in own.items() if found}
    save_svg(plots.plot_pareto_fronts(own, models, style), job.output.fronts, plots.pareto_alt_text(own))

    learns = {row["model"]: row["is_iterative"] for row in rows}
    measured = {}
    for dataset, path in zip(job.settings["with_curves"], job.input.curves, strict=True):
        content = read_json(path)
        found = {name: one | {"is_iterative": learns[name]} for name, one in content["models"].items()}
        if found:
            measured[dataset] = content | {"models": found}
    save_svg(
        plots.plot_learning_curves(measured, models, style),
        job.output.curves,
        plots.learning_curves_alt_text(measured),
    )

    spread = {dataset: filter_dataset(variances, dataset) for dataset in job.settings["datasets"]}
    spread = {dataset: found for dataset, found in spread.items() if found}
    save_svg(
        plots.plot_variance(spread, models, style),
        job.output.variances,
        plots.variance_alt_text(spread),
    )
