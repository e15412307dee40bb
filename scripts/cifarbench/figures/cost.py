"""Accuracy against what it costs to predict."""

from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from cifarbench.figures.style import INK, new_figure
from cifarbench.study.tables import Row

COSTS = {
    "predict_ms_per_image": "prediction, ms per image",
    "peak_memory_mb": "peak memory, MB",
    "stored_mb": "stored, MB",
}
# Costs that differ by more than this factor stand on a logarithmic axis.
DECADE = 10
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]


def draw(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """A panel for each cost; filled marks, joined by a line, are models that no other beats in both.

    comparison: rows of comparison.csv. style: `font_size`, `colors`.
    """
    figure, panels = new_figure(height=3.3, font_size=style["font_size"], ncols=len(COSTS), sharey=True)
    looks = dict(
        zip((row["model"] for row in comparison), zip(cycle(style["colors"]), cycle(MARKERS)), strict=False)
    )
    for axes, (name, words) in zip(panels, COSTS.items(), strict=True):
        _panel(axes, comparison, name, looks)
        axes.set_xlabel(words)
    panels[0].set_ylabel("test accuracy")
    # The most accurate first, as the marks stand from top to bottom.
    handles, labels = panels[0].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: -comparison[i]["accuracy"])
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="outside lower center",
        ncols=min(3, len(order)),
    )
    return figure


def pareto_front(costs: list[float], values: list[float]) -> list[int]:
    """Indices, by rising cost, of those that no other equals or beats in both and beats in one."""
    front: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -values[i])):
        best = values[front[-1]] if front else float("-inf")
        equal = front and (costs[i], values[i]) == (costs[front[-1]], values[front[-1]])
        if values[i] > best or equal:
            front.append(i)
    return front


def describe(comparison: list[Row]) -> str:
    """What the figure says, in a sentence."""
    parts = []
    for name, words in COSTS.items():
        front = pareto_front([row[name] for row in comparison], [row["accuracy"] for row in comparison])
        parts.append(f"{words.split(',')[0]}: {', '.join(comparison[i]['model'] for i in front)}")
    return f"Accuracy against cost; on the Pareto front for {'; for '.join(parts)}."


def _panel(axes: Axes, comparison: list[Row], name: str, looks: dict[str, tuple[str, str]]) -> None:
    costs, values = [row[name] for row in comparison], [row["accuracy"] for row in comparison]
    front = pareto_front(costs, values)
    # What the front can offer at each cost: the best so far, until something better begins.
    axes.step(
        [costs[i] for i in front], [values[i] for i in front], where="post", color=INK, alpha=0.4, linewidth=1
    )
    for i, row in enumerate(comparison):
        color, marker = looks[row["model"]]
        axes.plot(
            [costs[i]],
            [values[i]],
            linestyle="none",
            marker=marker,
            markersize=7,
            markeredgewidth=1.4,
            markeredgecolor=color,
            markerfacecolor=color if i in front else "none",
            label=row["model"],
        )
    if min(costs) > 0 and max(costs) > DECADE * min(costs):
        axes.set_xscale("log")
        if max(costs) < 10 * DECADE * min(costs):
            axes.xaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.12)
    axes.grid()
