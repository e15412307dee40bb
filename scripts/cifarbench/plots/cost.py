"""Accuracy against what it costs to predict."""

from math import ceil, floor, log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure

COST_COLUMNS = {
    "predict_ms_per_image": "prediction, ms per image",
    "peak_memory_mb": "peak memory, MB",
    "stored_mb": "stored, MB",
}
# Costs that differ by more than this factor stand on a logarithmic axis.
DECADE = 10
MINOR_STEPS = [1, 2, 5]
# More than that, written under an axis, would run into each other.
MAX_CHARACTERS = 24
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
N_LEGEND_COLUMNS = 3
# Inches that a line of the legend takes; with two of them, panels have their usual height.
LEGEND_LINE_HEIGHT = 0.17


def plot_cost(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """A panel for each cost; filled marks, joined by a line, are models that no other beats in both.

    comparison: rows of comparison.csv, those that failed left out. style: `font_size`, `colors`.
    """
    if not comparison:
        return placeholder_figure("no model to show", style)
    lines = -(-len(comparison) // N_LEGEND_COLUMNS)
    height = 3.3 + LEGEND_LINE_HEIGHT * max(lines - 2, 0)
    figure, panels = new_figure(
        height=height, font_size=style["font_size"], ncols=len(COST_COLUMNS), sharey=True
    )
    looks = [marker_and_color(i, style["colors"]) for i in range(len(comparison))]
    for axes, (name, words) in zip(panels, COST_COLUMNS.items(), strict=True):
        plot_pareto_panel(axes, comparison, name, looks)
        axes.set_xlabel(words)
        axes.grid()
    panels[0].set_ylabel("test accuracy")
    # The most accurate first, as the marks stand from top to bottom.
    handles, labels = panels[0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: -comparison[i]["accuracy"])
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="outside lower center",
        ncols=min(N_LEGEND_COLUMNS, len(order)),
    )
    return figure


def marker_and_color(number: int, colors: list[str]) -> tuple[str, str]:
    """Colour and mark of a model: when colours begin anew, each comes with the mark after its last one."""
    round_, place = divmod(number, len(colors))
    return colors[place], MARKERS[(place + round_) % len(MARKERS)]


def pareto_front(costs: list[float], values: list[float]) -> list[int]:
    """Indices, by rising cost, of those that no other equals or beats in both and beats in one."""
    front: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -values[i])):
        best = values[front[-1]] if front else float("-inf")
        equal = front and (costs[i], values[i]) == (costs[front[-1]], values[front[-1]])
        if values[i] > best or equal:
            front.append(i)
    return front


def accuracy_cost_front(comparison: list[Row], name: str) -> list[int]:
    """Indices, by rising cost, of the models that no other beats in both; none of those that saw other images."""
    own = [i for i, row in enumerate(comparison) if not row["pretrained"]]
    front = pareto_front([comparison[i][name] for i in own], [comparison[i]["accuracy"] for i in own])
    return [own[i] for i in front]


def alt_text(comparison: list[Row]) -> str:
    """What the figure says, in a sentence."""
    parts = []
    for name, words in COST_COLUMNS.items():
        front = accuracy_cost_front(comparison, name)
        parts.append(f"{words.split(',')[0]}: {', '.join(comparison[i]['model'] for i in front)}")
    return f"Accuracy against cost; on the Pareto front for {'; for '.join(parts)}."


def _fits(steps: list[int], low: float, high: float) -> bool:
    """Whether an axis from low to high has room for numbers at these steps of each decade."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    return sum(len(f"{tick:g}") for tick in ticks if low <= tick <= high) <= MAX_CHARACTERS


def plot_pareto_panel(
    axes: Axes,
    rows: list[Row],
    name: str,
    looks: list[tuple[str, str]],
    linewidth: float = 1,
    **marker_style: float,
) -> list[int]:
    """Plot accuracy against a cost, with the Pareto front as a line and its models filled; return their indices.

    rows: with `model`, `accuracy`, `pretrained` and the cost `name`. looks: colour and marker of each row.
    """
    costs, values = [row[name] for row in rows], [row["accuracy"] for row in rows]
    front = accuracy_cost_front(rows, name)
    # The best accuracy that is available at each cost.
    axes.step(
        [costs[i] for i in front],
        [values[i] for i in front],
        where="post",
        color=PLACEHOLDER_COLOR,
        alpha=0.4,
        linewidth=linewidth,
    )
    for i, (row, (color, marker)) in enumerate(zip(rows, looks, strict=True)):
        axes.plot(
            [costs[i]],
            [values[i]],
            linestyle="none",
            marker=marker,
            markeredgecolor=color,
            markerfacecolor=color if i in front else "none",
            label=row["model"],
            **{"markersize": 7, "markeredgewidth": 1.4, **marker_style},
        )
    axes.margins(0.12)
    set_log_scale(axes, costs)
    return front


def set_log_scale(axes: Axes, costs: list[float]) -> None:
    """Make the axis of the costs logarithmic if they differ by much, with plain numbers."""
    if min(costs) > 0 and max(costs) > DECADE * min(costs):
        axes.set_xscale("log")
        if max(costs) < 10 * DECADE * min(costs) and _fits(MINOR_STEPS, min(costs), max(costs)):
            axes.xaxis.set_major_locator(LogLocator(subs=MINOR_STEPS))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
