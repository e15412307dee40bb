"""A picture of the table: how long each part takes, each way."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

WAYS = {
    "plain_seconds": ("the plain way", "#d55e00"),
    "seconds": ("this workflow", "#0072b2"),
    "bare_seconds": ("bare matrix products", "#7a7a7a"),
}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Bars of seconds on a logarithmic axis, a group for each part."""
    shown = [row for row in rows if row.get("plain_seconds")]
    figure = Figure(figsize=(7.2, 0.8 + 0.75 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for index, (column, (label, color)) in enumerate(WAYS.items()):
        places = [(i + 0.27 * (index - 1), row[column]) for i, row in enumerate(shown) if row.get(column)]
        bars = axes.barh([p for p, _ in places], [v for _, v in places], 0.25, label=label, color=color)
        axes.bar_label(bars, fmt=lambda v: f"{v:,.0f} s" if v >= 10 else f"{v:.1f} s", padding=3, fontsize=8)
    axes.set_yticks(range(len(shown)), [row["part"] for row in shown])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("seconds")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path)
