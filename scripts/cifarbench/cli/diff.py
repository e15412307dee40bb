"""Compare two finished runs: changed settings and changed metrics."""

from pathlib import Path
from typing import Any

from tabulate import tabulate

from cifarbench.errors import UserError
from cifarbench.history import records
from cifarbench.history.diff import ABSENT
from cifarbench.io.atomic import write_text

SETTINGS = ["changed", "old", "new"]
METRICS = ["model", "metric", "old", "new", "difference"]


def main(
    old: str = "", new: str = "", results: Path = Path("results"), dataset: str = "", per_class: bool = False
) -> None:
    """Print the changes, and write them as Markdown.

    old, new: ids of two runs, or their beginnings; of experiments of any name. new is the last run unless given, and
    old the run before it in the same folder. results: the folder of all results. dataset: the only dataset whose runs
    count, under all names, or `<name>/<dataset>`. per_class: whether metrics of single classes are listed, too.
    """
    folders = records.folders_with_runs(results, dataset)
    runs = sorted(
        (run for folder in folders for run in records.load_runs(folder)), key=lambda run: run.folder.name
    )
    if not runs:
        raise UserError(f"{results / dataset} has no finished run; finish two runs first.")
    after = records.find_run(runs, new) if new else runs[-1]
    folder = after.folder.parents[1]
    earlier = [run for run in runs[: runs.index(after)] if run.folder.parent == after.folder.parent]
    if not (old or earlier):
        raise UserError(f"{folder} has no run before {after.id} to compare with; name one by OLD=.")
    before = records.find_run(runs, old) if old else earlier[-1]
    old_folder = "" if before.folder.parents[1] == folder else f"{before.folder.parents[1]} "
    title = f"{folder}: from {old_folder}{before.id} ({before.when} UTC) to {after.id} ({after.when} UTC)"
    keys = [list(change) for change in records.changed_keys(before, after)]
    metrics = [format_row(row) for row in records.changed_metrics(before, after, per_class)]
    print("\n\n".join([title, _table(SETTINGS, keys, "simple", 48), _table(METRICS, metrics, "simple")]))
    markdown = folder / records.FOLDER / "diff.md"
    sections = [f"**{title}**", _table(SETTINGS, keys, "github"), _table(METRICS, metrics, "github")]
    write_text(markdown, "\n\n".join(sections) + "\n")
    print(f"\nAs Markdown: {markdown}")


def _table(headers: list[str], rows: list[list[str]], style: str, width: int | None = None) -> str:
    if not rows:
        return f"No {'settings' if headers is SETTINGS else 'metrics'} changed."
    if style == "github":
        rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    align = ["left"] * len(headers) if headers is SETTINGS else ["left", "left", "right", "right", "right"]
    return tabulate(
        rows, headers, style, disable_numparse=True, colalign=align, maxcolwidths=[width] * len(headers)
    )


def format_row(row: list[Any]) -> list[str]:
    """Return a row of changed metrics as text, with six digits, which show one image of a million."""
    model, metric, old, new, difference = row
    texts = [ABSENT if value is None else f"{value:.6g}" for value in (old, new)]
    return [model, metric, *texts, ABSENT if difference is None else f"{difference:+.4g}"]
