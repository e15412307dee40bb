"""Pictures over datasets: a panel each, with the same colour and mark for a model in all of them."""

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from cifarbench.io.csv_io import Row
from cifarbench.plots.cost import accuracy_cost_front, marker_and_color, set_log_scale
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure
from cifarbench.suite.variance import FACTORS

N_PANEL_COLUMNS = 2
# Inches: of a panel, and of a line of the legend.
PANEL_SIZE, LEGEND_LINE_HEIGHT = 2.6, 0.2
N_LEGEND_COLUMNS = 3
# In words, as `report.words` has them; the catalogue of the page says them in its language.
WORDS = {
    "seed": "weights and batches",
    "init_seed": "initial weights",
    "data_seed": "order of batches",
    "split": "split",
    "all": "all at once",
}
# An interval of a standard deviation from three runs reaches far: it is drawn up to so many times the largest one.
FARTHEST = 2.5
ModelStyles = dict[str, tuple[str, str]]


def model_styles(models: list[str], colors: list[str]) -> ModelStyles:
    """Colour and mark of each model."""
    return {model: marker_and_color(number, colors) for number, model in enumerate(models)}


def plot_pareto_fronts(by_dataset: dict[str, list[Row]], models: list[str], style: dict[str, Any]) -> Figure:
    """Accuracy against fitting time; filled marks, joined by a line, are models that no other beats in both.

    by_dataset: rows of runs.csv that did not fail, one a model. style: `font_size`, `colors`.
    """
    marks = model_styles(models, style["colors"])

    def panel(axes: Axes, rows: list[Row]) -> None:
        rows = [row | {"fit_seconds": max(row["fit_seconds"], 1e-3)} for row in rows]
        front = accuracy_cost_front(rows, "fit_seconds")
        axes.step(
            [rows[i]["fit_seconds"] for i in front],
            [rows[i]["accuracy"] for i in front],
            where="post",
            color=PLACEHOLDER_COLOR,
            alpha=0.4,
            linewidth=1,
        )
        for i, row in enumerate(rows):
            color, marker = marks[row["model"]]
            axes.plot(
                [row["fit_seconds"]],
                [row["accuracy"]],
                **{"linestyle": "none", "marker": marker, "markersize": 7, "markeredgewidth": 1.4},
                markeredgecolor=color,
                markerfacecolor=color if i in front else "none",
                label=row["model"],
            )
        axes.margins(0.12)
        set_log_scale(axes, [row["fit_seconds"] for row in rows])

    return _panels(by_dataset, panel, ("fit, seconds", "test accuracy"), models, style)


def plot_learning_curves(
    by_dataset: dict[str, dict[str, Any]], models: list[str], style: dict[str, Any]
) -> Figure:
    """Accuracy, with its 95% interval, against the number of training images; dots beyond are what the law foretells.

    by_dataset: content of curves.json, with `is_iterative` for each model, whose lines are then solid.
    """
    marks = model_styles(models, style["colors"])

    def panel(axes: Axes, curves: dict[str, Any]) -> None:
        for model, curve in curves["models"].items():
            color, marker = marks[model]
            points = curve["points"]
            sizes = [point["size"] for point in points]
            low, high = zip(*(point["interval"] for point in points), strict=True)
            line = "-" if curve["is_iterative"] else (0, (4, 1.5))
            axes.fill_between(sizes, low, high, color=color, alpha=0.13, linewidth=0)
            values = [point["accuracy"] for point in points]
            axes.plot(
                sizes,
                values,
                color=color,
                linestyle=line,
                linewidth=1.3,
                marker=marker,
                markersize=4,
                label=model,
            )
            if curve["law"]["told"]:
                twice = curve["law"]["twice"]
                ends = [sizes[-1], twice["size"]], [values[-1], twice["accuracy"]]
                axes.plot(*ends, color=color, linestyle=(0, (1, 1.5)), linewidth=1)
                axes.plot([twice["size"]] * 2, twice["interval"], color=color, linewidth=1)
                axes.plot(
                    *(end[1:] for end in ends),
                    color=color,
                    marker=marker,
                    markersize=4,
                    markerfacecolor="none",
                )
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(FixedLocator(curves["sizes"]))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params("x", labelrotation=45 if len(curves["sizes"]) > 4 else 0)

    return _panels(by_dataset, panel, ("training images", "test accuracy"), models, style)


def plot_variance(by_dataset: dict[str, list[Row]], models: list[str], style: dict[str, Any]) -> Figure:
    """Standard deviation of accuracy by each source of chance, with its 95% interval, a line a model.

    by_dataset: rows of variances.csv.
    """
    marks = {WORDS[source]: marker_and_color(i, style["colors"]) for i, source in enumerate(FACTORS)}

    def panel(axes: Axes, rows: list[Row]) -> None:
        here = [model for model in models if any(row["model"] == model for row in rows)]
        sources = [source for source in FACTORS if any(row["source"] == source for row in rows)]
        for row in rows:
            color, marker = marks[WORDS[row["source"]]]
            place = sources.index(row["source"]) - (len(sources) - 1) / 2
            y = here.index(row["model"]) + 0.7 * place / len(sources)
            axes.plot(
                [100 * row["std_low"], 100 * row["std_high"]], [y, y], color=color, linewidth=1.2, alpha=0.6
            )
            axes.plot(
                [100 * row["accuracy_std"]],
                [y],
                linestyle="none",
                color=color,
                marker=marker,
                markersize=4.5,
                label=WORDS[row["source"]],
            )
        widest = max(row["accuracy_std"] for row in rows)
        axes.set_xlim(0, max(FARTHEST * 100 * widest, 0.1))
        axes.set_yticks(range(len(here)), here)
        axes.set_ylim(len(here) - 0.5, -0.5)
        axes.tick_params("y", length=0)

    height = max([0.9 + 0.32 * len(models), PANEL_SIZE])
    words = ("standard deviation, percentage points", "")
    return _panels(by_dataset, panel, words, list(marks), style, height, panels_across=1)


def _panels(
    by_dataset: dict[str, Any],
    panel: Callable[[Axes, Any], None],
    words: tuple[str, str],
    named: list[str],
    style: dict[str, Any],
    height: float = PANEL_SIZE,
    panels_across: int = N_PANEL_COLUMNS,
) -> Figure:
    """A panel a dataset, and one legend, in the order of what is named."""
    if not by_dataset:
        return placeholder_figure("nothing to show", style)
    across = min(panels_across, len(by_dataset))
    down = -(-len(by_dataset) // across)
    lines = -(-len(named) // N_LEGEND_COLUMNS)
    figure, grid = new_figure(
        height=height * down + LEGEND_LINE_HEIGHT * lines,
        font_size=style["font_size"],
        nrows=down,
        ncols=across,
        squeeze=False,
    )
    shown: dict[str, Any] = {}
    for axes, (dataset, content) in zip(grid.flat, by_dataset.items(), strict=False):
        panel(axes, content)
        axes.set_title(dataset)
        axes.set_xlabel(words[0])
        axes.grid(axis="both" if words[1] else "x")
        shown |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    for axes in grid.flat[len(by_dataset) :]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel(words[1])
    names = [name for name in named if name in shown]
    figure.legend(
        [shown[name] for name in names],
        names,
        loc="outside lower center",
        ncols=min(N_LEGEND_COLUMNS, max(len(names), 1)),
    )
    return figure


def pareto_alt_text(by_dataset: dict[str, list[Row]]) -> str:
    """What the figure says, in a sentence."""
    parts = [
        f"{dataset}: {', '.join(rows[i]['model'] for i in accuracy_cost_front(rows, 'fit_seconds'))}"
        for dataset, rows in by_dataset.items()
    ]
    return f"Accuracy against fitting time; on the Pareto fronts, the quickest first: {'; '.join(parts) or 'none'}."


def learning_curves_alt_text(by_dataset: dict[str, dict[str, Any]]) -> str:
    """What the figure says, in a sentence."""
    parts = []
    for dataset, curves in by_dataset.items():
        last = {model: one["points"][-1]["accuracy"] for model, one in curves["models"].items()}
        best = max(last, key=last.get)
        parts.append(
            f"{dataset}, {curves['sizes'][0]} to {curves['sizes'][-1]} images, best with all: {best}"
        )
    return f"Accuracy against the number of training images: {'; '.join(parts) or 'none'}."


def variance_alt_text(by_dataset: dict[str, list[Row]]) -> str:
    """What the figure says, in a sentence."""
    parts = []
    for dataset, rows in by_dataset.items():
        widest = max(rows, key=lambda row: row["accuracy_std"])
        parts.append(
            f"{dataset}, most for {widest['model']} by {WORDS[widest['source']]}: "
            f"{100 * widest['accuracy_std']:.2f} percentage points"
        )
    return f"Standard deviation of accuracy by source of chance: {'; '.join(parts) or 'none'}."
