"""Draw all models over datasets, seeds, splits and sizes."""

from pathlib import Path

from cifarbench.across import drawings
from cifarbench.across.runs import of_dataset, studied, succeeded
from cifarbench.figures.style import save_svg
from cifarbench.study.command import run
from cifarbench.study.files import read_json
from cifarbench.study.tables import read_rows


def main(
    runs: Path,
    all_variances: Path,
    curves: list[Path],
    fronts_figure: Path,
    curves_figure: Path,
    variances_figure: Path,
    settings: dict,
) -> None:
    """curves: of each dataset that has any. settings: `datasets`, `models`, `with_curves`, `style`."""
    rows, variances = succeeded(read_rows(runs)), read_rows(all_variances)
    models, style = settings["models"], settings["style"]
    own = {dataset: studied(of_dataset(rows, dataset)) for dataset in settings["datasets"]}
    own = {dataset: found for dataset, found in own.items() if found}
    save_svg(drawings.draw_fronts(own, models, style), fronts_figure, drawings.describe_fronts(own))

    learns = {row["model"]: row["learns_in_epochs"] for row in rows}
    measured = {}
    for dataset, path in zip(settings["with_curves"], curves, strict=True):
        content = read_json(path)
        found = {name: one | {"learns_in_epochs": learns[name]} for name, one in content["models"].items()}
        if found:
            measured[dataset] = content | {"models": found}
    save_svg(drawings.draw_curves(measured, models, style), curves_figure, drawings.describe_curves(measured))

    spread = {dataset: of_dataset(variances, dataset) for dataset in settings["datasets"]}
    spread = {dataset: found for dataset, found in spread.items() if found}
    save_svg(
        drawings.draw_variances(spread, models, style), variances_figure, drawings.describe_variances(spread)
    )


if __name__ == "__main__":
    run(main)
