"""The comparison in a few lines, for a terminal."""

from pathlib import Path

from tabulate import tabulate

from cifarbench.io.csv_io import Row, read_csv

MOST = 6
HEADERS = ["model", "accuracy", "95% interval", "fitted in"]


def format_ranking(results: Path, where: str, most: int = MOST) -> str:
    """The best models of a run, how many more there are, those that failed, and where the report is.

    results: the folder of a dataset's results. where: what it is called. The time of a tuned model holds that of its
    search.
    """
    rows = read_csv(results / "comparison.csv")
    ranked = sorted((row for row in rows if row["accuracy"] is not None), key=lambda row: -row["accuracy"])
    table = tabulate(map(_cells, ranked[:most]), HEADERS, disable_numparse=True)
    lines = ["", *table.splitlines()]
    if len(ranked) > most:
        lines.append(f"... and {len(ranked) - most} more in the report")
    lines += [f"{row['model']} failed: {row['failure']}" for row in rows if row["accuracy"] is None]
    return "\n".join([*lines, f"The report is in {where}/report.html"])


def _cells(row: Row) -> list[str]:
    seconds = row["fit_seconds"]
    return [
        row["model"],
        f"{row['accuracy']:.2%}",
        f"{row['accuracy_low']:.1%} to {row['accuracy_high']:.1%}",
        f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s",
    ]
