"""Summary of a run for the terminal."""

from pathlib import Path

from tabulate import tabulate

from cifarbench.evaluation.grid_search import format_params, param_names
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.runtime.failures import Failure

MAX_MODELS = 6
HEADERS = ["model", "accuracy", "95% CI", "fit time"]


def format_terminal_summary(results: Path, where: str) -> str:
    """Return the best models of a run, the failures and the path of the report, as lines for a terminal.

    results: the folder of a dataset's results. where: its path, as shown. Fit times include the hyperparameter search.
    """
    rows = read_csv(results / "comparison.csv")
    ranked = sorted((row for row in rows if row["accuracy"] is not None), key=lambda row: -row["accuracy"])
    table = tabulate(map(_cells, ranked[:MAX_MODELS]), HEADERS, disable_numparse=True)
    lines = ["", *table.splitlines()]
    if len(ranked) > MAX_MODELS:
        lines.append(f"... and {len(ranked) - MAX_MODELS} more in the report")
    for row in rows:
        if row["accuracy"] is None:
            lines.append(f"{row['model']} failed: {row['error']}")
        lines += _failed_candidates(results, row["model"])
    return "\n".join([*lines, f"The report is in {where}/report.html"])


def _cells(row: Row) -> list[str]:
    seconds = row["fit_seconds"]
    return [
        row["model"],
        f"{row['accuracy']:.2%}",
        f"{row['accuracy_low']:.1%} to {row['accuracy_high']:.1%}",
        f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s",
    ]


def _failed_candidates(results: Path, model: str) -> list[str]:
    """Return a line about the failed candidates of a model's grid search; none if there are none."""
    path = results / "models" / model / "cv_results.csv"
    rows = read_csv(path) if path.is_file() and not Failure.read(path) else []
    failed = [row for row in rows if row.get("error")]
    if not failed:
        return []
    params = format_params({name: failed[0][column] for column, name in param_names(rows).items()})
    return [
        f"{model}: {len(failed)} of {len(rows)} candidates failed, the first ({params}) with {failed[0]['error']}"
    ]
