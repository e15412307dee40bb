"""Summary of a run for the terminal."""

import math
from pathlib import Path
from typing import Any

from tabulate import tabulate

from cifarbench.evaluation.grid_search import format_params, param_names
from cifarbench.evaluation.ranking_metric import LOSSES
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.runtime.failures import Failure

MAX_MODELS = 6
MAX_CHECKS = 8
HEADERS = ["model", "accuracy", "95% CI", "fit time"]


def format_terminal_summary(results: Path, where: str) -> str:
    """Return the best models of a run, the failures and the path of the report, as lines for a terminal.

    results: the folder of a dataset's results. where: its path, as shown. Fit times include the hyperparameter search.
    """
    rows = read_csv(results / "comparison.csv")
    metric = _read(results / "verdict.json", {}).get("metric", "accuracy")
    ranked = sorted((row for row in rows if row["accuracy"] is not None), key=lambda row: _order(row, metric))
    headers = [*HEADERS, *([metric.replace("_", " ")] if metric != "accuracy" else [])]
    table = tabulate([_cells(row, metric) for row in ranked[:MAX_MODELS]], headers, disable_numparse=True)
    lines = ["", *table.splitlines()]
    if len(ranked) > MAX_MODELS:
        lines.append(f"... and {len(ranked) - MAX_MODELS} more in the report")
    for row in rows:
        if row["accuracy"] is None:
            lines.append(f"{row['model']} failed: {row['error']}")
        lines += _failed_candidates(results, row["model"])
    lines += _checks(_read(results / "checks.json", []))
    return "\n".join([*lines, f"The report is in {where}/report.html"])


def _read(path: Path, default: Any) -> Any:
    return read_json(path) if path.is_file() else default


def _order(row: Row, metric: str) -> float:
    value = row[_column(metric)]
    if value is None:
        return math.inf
    return value if metric in LOSSES else -value


def _column(metric: str) -> str:
    return "roc_auc_macro" if metric == "roc_auc" else metric


def _checks(found: list[dict[str, Any]]) -> list[str]:
    """Return a line for each error and warning that is not muted, and one that counts the others."""
    shown = [check for check in found if check["severity"] != "info" and not check["muted"]]
    lines = [f"{check['code']} {check['severity']}: {check['message']}" for check in shown[:MAX_CHECKS]]
    n_more = len(found) - len(lines)
    if n_more:
        lines.append(f"{n_more} {'more ' * bool(lines)}finding{'s' * (n_more > 1)} of checks in the report")
    return lines


def _cells(row: Row, metric: str) -> list[str]:
    seconds, value = row["fit_seconds"], row[_column(metric)]
    return [
        row["model"],
        f"{row['accuracy']:.2%}",
        f"{row['accuracy_low']:.1%} to {row['accuracy_high']:.1%}",
        "" if seconds is None else f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s",
        *([] if metric == "accuracy" else ["" if value is None else f"{value:.4f}"]),
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
