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

    old, new: ids of two runs, or their beginnings; the last two unless given. results: the folder of all results.
    dataset: the one that ran last unless given. per_class: whether metrics of single classes are listed, too.
    """
    folder = results / dataset if dataset else _latest(results)
    runs = records.load_runs(folder)
    if len(runs) < 2:
        raise UserError(f"{folder} keeps {len(runs)} finished runs; it takes two to compare.")
    after = records.find_run(runs, new) if new else runs[-1]
    before = records.find_run(runs, old) if old else runs[max(runs.index(after) - 1, 0)]
    title = f"{folder}: from {before.id} ({before.when} UTC) to {after.id} ({after.when} UTC)"
    keys = [list(change) for change in records.changed_keys(before, after)]
    metrics = [_format_row(row) for row in records.changed_metrics(before, after, per_class)]
    print("\n\n".join([title, _table(SETTINGS, keys, "simple", 48), _table(METRICS, metrics, "simple")]))
    markdown = folder / records.FOLDER / "diff.md"
    sections = [f"**{title}**", _table(SETTINGS, keys, "github"), _table(METRICS, metrics, "github")]
    write_text(markdown, "\n\n".join(sections) + "\n")
    print(f"\nThe same as Markdown: {markdown}")


def _latest(results: Path) -> Path:
    """Return the dataset's folder in which a run ended last."""
    last = {
        folder: runs[-1].about["when"] for folder in results.glob("*") if (runs := records.load_runs(folder))
    }
    if not last:
        raise UserError(f"No finished run is kept under {results}; finish two first.")
    return max(last, key=last.get)


def _table(headers: list[str], rows: list[list[str]], style: str, width: int | None = None) -> str:
    if not rows:
        return f"No {'settings' if headers is SETTINGS else 'metrics'} changed."
    if style == "github":
        rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    align = ["left"] * len(headers) if headers is SETTINGS else ["left", "left", "right", "right", "right"]
    return tabulate(
        rows, headers, style, disable_numparse=True, colalign=align, maxcolwidths=[width] * len(headers)
    )


def _format_row(row: list[Any]) -> list[str]:
    """Return a row of changed metrics as text, with six digits, enough for one image of a million."""
    model, metric, old, new, difference = row
    texts = [ABSENT if value is None else f"{value:.6g}" for value in (old, new)]
    return [model, metric, *texts, ABSENT if difference is None else f"{difference:+.4g}"]
