"""Draw all models over datasets, seeds, splits and sizes."""

from cifarbench.across import drawings
from cifarbench.across.runs import of_dataset, studied, succeeded
from cifarbench.figures.style import save_svg
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(job: Job) -> None:
    """curves: of each dataset that has any. settings: `datasets`, `models`, `with_curves`, `style`."""
    rows, variances = succeeded(read_rows(job.input.runs)), read_rows(job.input.all_variances)
    models, style = job.settings["models"], job.settings["style"]
    own = {dataset: studied(of_dataset(rows, dataset)) for dataset in job.settings["datasets"]}
    own = {dataset: found for dataset, found in own.items() if found}
    save_svg(drawings.draw_fronts(own, models, style), job.output.fronts, drawings.describe_fronts(own))

    learns = {row["model"]: row["learns_in_epochs"] for row in rows}
    measured = {}
    for dataset, path in zip(job.settings["with_curves"], job.input.curves, strict=True):
        content = read_json(path)
        found = {name: one | {"learns_in_epochs": learns[name]} for name, one in content["models"].items()}
        if found:
            measured[dataset] = content | {"models": found}
    save_svg(
        drawings.draw_curves(measured, models, style), job.output.curves, drawings.describe_curves(measured)
    )

    spread = {dataset: of_dataset(variances, dataset) for dataset in job.settings["datasets"]}
    spread = {dataset: found for dataset, found in spread.items() if found}
    save_svg(
        drawings.draw_variances(spread, models, style),
        job.output.variances,
        drawings.describe_variances(spread),
    )


if __name__ == "__main__":
    run(main)
