"""Plots across datasets: one panel per dataset, with the same colour and marker for a model in all panels."""

from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from cifarbench.io.csv_io import Row
from cifarbench.planning.variants import ALL_FACTORS, DATA_ORDER, INIT, SEED, SPLIT, TEST_IMAGES
from cifarbench.plots.cost import accuracy_cost_front, marker_and_color, plot_pareto_panel
from cifarbench.plots.style import new_figure, placeholder_figure, set_row_labels
from cifarbench.report.translation import mark

N_PANEL_COLUMNS = 2
# Inches.
PANEL_SIZE = 2.6
LEGEND_LINE_HEIGHT = 0.2
N_LEGEND_COLUMNS = 3
FACTOR_LABELS = {
    SEED: mark("weights and batches"),
    INIT: mark("initial weights"),
    DATA_ORDER: mark("order of batches"),
    SPLIT: mark("split"),
    ALL_FACTORS: mark("all factors"),
    TEST_IMAGES: mark("test images"),
}
# The texts of the plots that the page translates.
SVG_LABELS = [
    mark("fit time, seconds"),
    mark("test accuracy"),
    mark("training images"),
    mark("standard deviation, percentage points"),
    mark("nothing to show"),
    *FACTOR_LABELS.values(),
]
# Intervals of a standard deviation from three runs are wide: the axis ends at this multiple of the largest deviation.
MAX_STD_RATIO = 2.5


def assign_styles(names: Iterable[str], colors: list[str]) -> dict[str, tuple[str, str]]:
    """Return the color and marker of each name."""
    return {name: marker_and_color(number, colors) for number, name in enumerate(names)}


def plot_pareto_fronts(by_dataset: dict[str, list[Row]], models: list[str], style: dict[str, Any]) -> Figure:
    """Plot accuracy against fit time; filled marks, joined by a line, are the Pareto front.

    by_dataset: rows of runs.csv that did not fail, one per model. style: `font_size`, `colors`.
    """
    styles = assign_styles(models, style["colors"])

    def panel(axes: Axes, rows: list[Row]) -> None:
        rows = [
            row | {"fit_seconds": max(row["fit_seconds"], 1e-3)}
            for row in rows
            if row["fit_seconds"] is not None
        ]
        plot_pareto_panel(axes, rows, "fit_seconds", [styles[row["model"]] for row in rows])

    return _panels(by_dataset, panel, ("fit time, seconds", "test accuracy"), models, style)


def plot_learning_curves(
    by_dataset: dict[str, dict[str, Any]], models: list[str], style: dict[str, Any]
) -> Figure:
    """Plot accuracy, with 95% intervals, against the number of training images, and the power law's predictions.

    by_dataset: content of curves.json, with `is_iterative` for each model; the lines of iterative ones are solid.
    """
    styles = assign_styles(models, style["colors"])

    def panel(axes: Axes, curves: dict[str, Any]) -> None:
        for model, curve in curves["models"].items():
            color, marker = styles[model]
            points = curve["points"]
            sizes = [point["size"] for point in points]
            low, high = zip(*(point["interval"] for point in points), strict=True)
            values = [point["accuracy"] for point in points]
            look: dict[str, Any] = {"color": color, "marker": marker, "markersize": 4}
            line = "-" if curve["is_iterative"] else (0, (4, 1.5))
            axes.fill_between(sizes, low, high, color=color, alpha=0.13, linewidth=0)
            axes.plot(sizes, values, linestyle=line, linewidth=1.3, label=model, **look)
            if curve["power_law"]["usable"]:
                twice = curve["power_law"]["at_2x"]
                size, accuracy = twice["size"], twice["accuracy"]
                dotted: dict[str, Any] = {"color": color, "linestyle": (0, (1, 1.5)), "linewidth": 1}
                axes.plot([sizes[-1], size], [values[-1], accuracy], **dotted)
                axes.plot([size] * 2, twice["interval"], color=color, linewidth=1)
                axes.plot([size], [accuracy], markerfacecolor="none", **look)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(curves["sizes"]))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params("x", labelrotation=45 if len(curves["sizes"]) > 4 else 0)

    return _panels(by_dataset, panel, ("training images", "test accuracy"), models, style)


def plot_variance(by_dataset: dict[str, list[Row]], models: list[str], style: dict[str, Any]) -> Figure:
    """Plot the standard deviation of accuracy by varied factor, with 95% intervals, one line per model.

    by_dataset: rows of variances.csv.
    """
    styles = assign_styles(FACTOR_LABELS.values(), style["colors"])

    def panel(axes: Axes, rows: list[Row]) -> None:
        shown = [model for model in models if any(row["model"] == model for row in rows)]
        factors = [factor for factor in FACTOR_LABELS if any(row["factor"] == factor for row in rows)]
        for row in rows:
            label = FACTOR_LABELS[row["factor"]]
            color, marker = styles[label]
            offset = factors.index(row["factor"]) - (len(factors) - 1) / 2
            y = shown.index(row["model"]) + 0.7 * offset / len(factors)
            std = 100 * row["accuracy_std"]
            look: dict[str, Any] = {"color": color, "marker": marker, "markersize": 4.5, "linestyle": "none"}
            if row["std_ci_low"] is not None:
                interval = [100 * row["std_ci_low"], 100 * row["std_ci_high"]]
                axes.plot(interval, [y, y], color=color, linewidth=1.2, alpha=0.6)
            axes.plot([std], [y], label=label, **look)
        largest = max(row["accuracy_std"] for row in rows)
        axes.set_xlim(0, max(MAX_STD_RATIO * 100 * largest, 0.1))
        set_row_labels(axes, shown)

    height = max(0.9 + 0.32 * len(models), PANEL_SIZE)
    labels = ("standard deviation, percentage points", "")
    return _panels(by_dataset, panel, labels, list(styles), style, height, n_columns=1)


def _panels(
    by_dataset: dict[str, Any],
    panel: Callable[[Axes, Any], None],
    axis_labels: tuple[str, str],
    legend_order: list[str],
    style: dict[str, Any],
    height: float = PANEL_SIZE,
    n_columns: int = N_PANEL_COLUMNS,
) -> Figure:
    """Plot one panel per dataset and one legend."""
    if not by_dataset:
        return placeholder_figure("nothing to show", style)
    n_columns = min(n_columns, len(by_dataset))
    n_rows = ceil(len(by_dataset) / n_columns)
    n_legend_lines = ceil(len(legend_order) / N_LEGEND_COLUMNS)
    figure, grid = new_figure(
        height=height * n_rows + LEGEND_LINE_HEIGHT * n_legend_lines,
        font_size=style["font_size"],
        nrows=n_rows,
        ncols=n_columns,
        squeeze=False,
    )
    handles: dict[str, Any] = {}
    for axes, (dataset, content) in zip(grid.flat, by_dataset.items(), strict=False):
        panel(axes, content)
        axes.set_title(dataset)
        axes.set_xlabel(axis_labels[0])
        if axis_labels[1]:
            axes.grid()
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    for axes in grid.flat[len(by_dataset) :]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel(axis_labels[1])
    names = [name for name in legend_order if name in handles]
    figure.legend(
        [handles[name] for name in names],
        names,
        loc="outside lower center",
        ncols=min(N_LEGEND_COLUMNS, max(len(names), 1)),
    )
    return figure


def pareto_alt_text(by_dataset: dict[str, list[Row]]) -> str:
    """Return a description of the figure."""
    parts = [
        f"{dataset}: {', '.join(rows[i]['model'] for i in accuracy_cost_front(rows, 'fit_seconds'))}"
        for dataset, rows in by_dataset.items()
    ]
    return (
        f"Accuracy against fit time; on the Pareto fronts, the fastest first: {'; '.join(parts) or 'none'}."
    )


def learning_curves_alt_text(by_dataset: dict[str, dict[str, Any]]) -> str:
    """Return a description of the figure."""
    parts = []
    for dataset, curves in by_dataset.items():
        last = {model: curve["points"][-1]["accuracy"] for model, curve in curves["models"].items()}
        best = max(last, key=last.__getitem__)
        parts.append(
            f"{dataset}, {curves['sizes'][0]} to {curves['sizes'][-1]} images, best with all: {best}"
        )
    return f"Accuracy against the number of training images: {'; '.join(parts) or 'none'}."


def variance_alt_text(by_dataset: dict[str, list[Row]]) -> str:
    """Return a description of the figure."""
    parts = []
    for dataset, rows in by_dataset.items():
        widest = max(rows, key=lambda row: row["accuracy_std"])
        parts.append(
            f"{dataset}, most for {widest['model']} by {FACTOR_LABELS[widest['factor']]}: "
            f"{100 * widest['accuracy_std']:.2f} percentage points"
        )
    return f"Standard deviation of accuracy by varied factor: {'; '.join(parts) or 'none'}."
