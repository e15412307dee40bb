"""Accuracy against cost: fit time, prediction time, memory and model size."""

from itertools import pairwise, product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure

COST_LABELS = {
    "predict_ms_per_image": "prediction, ms per image",
    "peak_memory_mb": "peak memory, MB",
    "stored_mb": "model size, MB",
}
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
# Published results on the original images of CIFAR-10, each with its hardware: model, accuracy, seconds to fit.
# K. Jordan, arXiv 2404.00498; Yilinss27/Image-Classification-COMP3314, whose accuracy is on a validation part.
PUBLISHED_ON_CIFAR10 = [
    ("airbench94, A100", 0.940, 3.29),
    ("airbench95, A100", 0.950, 10.4),
    ("airbench96, A100", 0.960, 46.3),
    ("1,600 k-means patches and linear SVM, CPU", 0.755, 1980),
]
N_LEGEND_COLUMNS = 3
# Inches.
LEGEND_LINE_HEIGHT = 0.17
# Costs that differ by more than this factor get a logarithmic axis; below the second, with ticks at 1, 2 and 5.
MIN_LOG_RATIO = 10
MAX_RATIO_WITH_STEPS = 50
# Positions of a model's name around its marker: distances in points, then sides, the preferred ones first.
DISTANCES = (6, 14, 24, 36, 50, 66)
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
# Points: names farther away have a line to their marker.
MAX_DISTANCE_WITHOUT_LINE = 10
MARKER_SIZE = 5


def plot_cost(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """Plot accuracy against each cost, one panel per cost; filled markers, joined by a line, are the Pareto front.

    comparison: rows of comparison.csv that did not fail. style: `font_size`, `colors`.
    """
    if not comparison:
        return placeholder_figure("no model to show", style)
    n_legend_lines = -(-len(comparison) // N_LEGEND_COLUMNS)
    figure, panels = new_figure(
        height=3.3 + LEGEND_LINE_HEIGHT * max(n_legend_lines - 2, 0),
        font_size=style["font_size"],
        ncols=len(COST_LABELS),
        sharey=True,
    )
    styles = [marker_and_color(i, style["colors"]) for i in range(len(comparison))]
    for axes, (name, label) in zip(panels, COST_LABELS.items(), strict=True):
        plot_pareto_panel(axes, comparison, name, styles)
        axes.set_xlabel(label)
        axes.grid()
    panels[0].set_ylabel("test accuracy")
    # The most accurate first, as the markers are arranged from top to bottom.
    handles: dict[str, Any] = {}
    for axes in panels:
        handles |= zip(*reversed(axes.get_legend_handles_labels()), strict=True)
    names = [
        row["model"]
        for row in sorted(comparison, key=lambda row: -row["accuracy"])
        if row["model"] in handles
    ]
    figure.legend(
        [handles[name] for name in names],
        names,
        loc="outside lower center",
        ncols=max(min(N_LEGEND_COLUMNS, len(names)), 1),
    )
    return figure


def plot_fit_time(
    comparison: list[Row], style: dict[str, Any], published: list[tuple[str, float, float]] | None = None
) -> Figure:
    """Plot accuracy against fit time, with the Pareto front and the name of each model; squares are pretrained.

    comparison: rows of comparison.csv that did not fail. style: `font_size`, `colors`, of which the first is used.
    published: results of others, as in PUBLISHED_ON_CIFAR10, shown as diamonds and not on the front.
    """
    if not comparison:
        return placeholder_figure("no model to show", style)
    rows = [row for row in comparison if row["fit_seconds"] is not None]
    if not rows:
        return placeholder_figure("no fit time to show", style)
    figure, axes = new_figure(height=3.4 + 0.09 * len(rows), font_size=style["font_size"])
    rows = [row | {"fit_seconds": max(row["fit_seconds"], 1e-3)} for row in rows]
    styles = [(style["colors"][0], "s" if row["pretrained"] else "o") for row in rows]
    for name, value, seconds in published or []:
        # Like pretrained models, they are not on the front.
        rows.append({"model": name, "accuracy": value, "fit_seconds": seconds, "pretrained": True})
        styles.append((PLACEHOLDER_COLOR, "D"))
    front = plot_pareto_panel(
        axes, rows, "fit_seconds", styles, linewidth=1.2, markersize=MARKER_SIZE + 1, markeredgewidth=1.3
    )
    axes.margins(0.16, 0.12)
    axes.set(xlabel="fit time, seconds", ylabel="test accuracy")
    axes.grid()
    _add_names(figure, axes, rows, front)
    return figure


def cost_alt_text(comparison: list[Row]) -> str:
    """Return a description of `plot_cost`."""
    parts = [
        f"{label.split(',')[0]}: {_front_names(comparison, name)}" for name, label in COST_LABELS.items()
    ]
    return f"Accuracy against cost; on the Pareto front for {'; for '.join(parts)}."


def fit_time_alt_text(comparison: list[Row]) -> str:
    """Return a description of `plot_fit_time`."""
    front = _front_names(comparison, "fit_seconds")
    return f"Accuracy against fit time; on the Pareto front, the fastest first: {front or 'none'}."


def _front_names(comparison: list[Row], name: str) -> str:
    return ", ".join(comparison[i]["model"] for i in accuracy_cost_front(comparison, name))


def marker_and_color(number: int, colors: list[str]) -> tuple[str, str]:
    """Return the color and marker of a model; when colors repeat, markers are shifted by one."""
    cycle, index = divmod(number, len(colors))
    return colors[index], MARKERS[(index + cycle) % len(MARKERS)]


def pareto_front(costs: list[float], values: list[float]) -> list[int]:
    """Return the indices of the Pareto-optimal entries, by rising cost."""
    front: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -values[i])):
        best = values[front[-1]] if front else float("-inf")
        is_equal = front and (costs[i], values[i]) == (costs[front[-1]], values[front[-1]])
        if values[i] > best or is_equal:
            front.append(i)
    return front


def accuracy_cost_front(comparison: list[Row], name: str) -> list[int]:
    """Return the indices, by rising cost, of the models on the Pareto front; not pretrained ones and unknown costs."""
    rows = [i for i, row in enumerate(comparison) if not row["pretrained"] and row[name] is not None]
    front = pareto_front([comparison[i][name] for i in rows], [comparison[i]["accuracy"] for i in rows])
    return [rows[i] for i in front]


def plot_pareto_panel(
    axes: Axes,
    rows: list[Row],
    name: str,
    styles: list[tuple[str, str]],
    linewidth: float = 1,
    **marker_style: Any,
) -> list[int]:
    """Plot accuracy against a cost, with the Pareto front as a line and its models filled; return their indices.

    rows: with `model`, `accuracy`, `pretrained` and the cost `name`. styles: color and marker of each row.
    """
    front = accuracy_cost_front(rows, name)
    steps = [rows[i][name] for i in front], [rows[i]["accuracy"] for i in front]
    axes.step(*steps, where="post", color=PLACEHOLDER_COLOR, alpha=0.4, linewidth=linewidth)
    for i, (row, (color, marker)) in enumerate(zip(rows, styles, strict=True)):
        if row[name] is None:
            continue
        axes.plot(
            [row[name]],
            [row["accuracy"]],
            linestyle="none",
            marker=marker,
            markeredgecolor=color,
            markerfacecolor=color if i in front else "none",
            label=row["model"],
            **{"markersize": 7, "markeredgewidth": 1.4, **marker_style},
        )
    axes.margins(0.12)
    set_log_scale(axes, [row[name] for row in rows if row[name] is not None])
    return front


def set_log_scale(axes: Axes, costs: list[float]) -> None:
    """Make the axis of the costs logarithmic if they differ by much, with plain numbers."""
    low, high = min(costs, default=0), max(costs, default=0)
    if low > 0 and high > MIN_LOG_RATIO * low:
        axes.set_xscale("log")
        if high < MAX_RATIO_WITH_STEPS * low:
            axes.xaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())


def _add_names(figure: Figure, axes: Axes, rows: list[Row], front: list[int]) -> None:
    """Place each name without overlap with markers and other names, those of the most accurate models first."""
    # The layout must be final before positions are known.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    points = [(row["fit_seconds"], row["accuracy"]) for row in rows]
    pixels = axes.transData.transform(points)
    occupied = [Bbox([(x, y), (x, y)]).padded(MARKER_SIZE) for x, y in pixels]
    for (x, y), (right, top) in pairwise(pixels[front]):
        # The steps of the front.
        occupied += [Bbox([(x, y), (right, y)]).padded(1), Bbox([(right, y), (right, top)]).padded(1)]
    frame = axes.get_window_extent()
    for i in sorted(range(len(rows)), key=lambda i: -rows[i]["accuracy"]):
        name = axes.annotate(
            rows[i]["model"],
            points[i],
            xytext=(0, 0),
            textcoords="offset points",
            fontsize="small",
            weight="bold" if i in front else "normal",
        )
        for distance, (across, up) in product(DISTANCES, SIDES):
            offset = distance * 0.75 if across and up else distance
            name.set_position((across * offset, up * offset))
            name.set(ha={-1: "right", 0: "center", 1: "left"}[across])
            name.set(va={-1: "top", 0: "center_baseline", 1: "bottom"}[up])
            box = name.get_window_extent().padded(figure.dpi / 72)
            is_inside = (
                frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            )
            if is_inside and not any(map(box.overlaps, occupied)):
                break
        occupied.append(box)
        if distance > MAX_DISTANCE_WITHOUT_LINE:
            line = {"arrowstyle": "-", "color": PLACEHOLDER_COLOR, "alpha": 0.4, "linewidth": 0.6}
            line |= {"shrinkA": 0, "shrinkB": 3}
            to_name: dict[str, Any] = {"xytext": name.get_position(), "textcoords": "offset points"}
            axes.annotate("", points[i], arrowprops=line, **to_name)
