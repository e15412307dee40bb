"""Scores of a search: a heat map for one or two parameters of a grid, a ranking for more, else scatter plots."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from cifarbench.evaluation.grid_search import (
    MAX_SHOWN,
    format_params,
    format_value,
    param_names,
    sort_by_rank,
)
from cifarbench.evaluation.ranking_metric import metric_label
from cifarbench.io.csv_io import Row
from cifarbench.plots.style import (
    PLACEHOLDER_COLOR,
    WIDTH,
    annotate_cell,
    new_figure,
    set_row_labels,
    setup_table_axes,
    shorten,
)

# Opacity of the lowest and the highest score.
MIN_SHADE = 0.1
MAX_SHADE = 0.75
# Cells that are still wide enough for their text.
MAX_COLUMNS = 8
MAX_ROWS = 20
MAX_LABEL_LENGTH = 64
# Scatter plots side by side.
MAX_PANELS = 3


def plot_grid_search(results: list[Row], style: dict[str, Any]) -> Figure:
    """Plot mean and standard deviation of accuracy over the folds for each candidate; the best one is framed.

    results: rows of cv_results.csv. style: `font_size`, `color`; for a random search `scales`, the axis scale of each
    column drawn from a range, and `metric` unless it is accuracy. Color ranges from the lowest to the highest score.
    """
    if style.get("scales"):
        return _plot_scatter(results, style)
    params = [*param_names(results)]
    sizes = [len(_values(results, param)) for param in params]
    if len(params) == 1 and sizes[0] <= MAX_COLUMNS:
        return _plot_heat_map(results, params[0], None, style)
    if len(params) == 2:
        for x, y in ((1, 0), (0, 1)):
            if sizes[x] <= MAX_COLUMNS and sizes[y] <= MAX_ROWS:
                return _plot_heat_map(results, params[x], params[y], style)
    return _plot_ranking(results, style)


def alt_text(model: str, results: list[Row], metric: str = "accuracy") -> str:
    """Return a description of the plot."""
    best, names = sort_by_rank(results)[0], param_names(results)
    params = format_params({name: best[column] for column, name in names.items()})
    return (
        f"Cross-validated {metric_label(metric)} of the {len(results)} candidates of {model}: "
        f"the best is {best['mean_test_score']:.4f}, with {params}."
    )


def _plot_heat_map(results: list[Row], across: str, down: str | None, style: dict[str, Any]) -> Figure:
    names = param_names(results)
    columns, rows = _values(results, across), _values(results, down)
    width = min(WIDTH, 1.2 + 1.1 * len(columns))
    figure, axes = new_figure(height=0.8 + 0.55 * len(rows), width=width, font_size=style["font_size"])
    setup_table_axes(axes, columns, rows)
    scores = [row["mean_test_score"] for row in results if not row.get("error")]
    score_range, best = max(scores) - min(scores) or 1, sort_by_rank(results)[0]
    for row in results:
        x, y = columns.index(_value(row, across)), rows.index(_value(row, down))
        if row.get("error"):
            axes.text(x, y, "failed", color=PLACEHOLDER_COLOR, ha="center", va="center")
            continue
        score = row["mean_test_score"]
        strength = MIN_SHADE + (MAX_SHADE - MIN_SHADE) * (score - min(scores)) / score_range
        color = annotate_cell(axes, x, y, style["color"], strength)
        weight = "bold" if row is best else "normal"
        axes.text(x, y, f"{score:.4f}", color=color, ha="center", va="bottom", weight=weight)
        std = f"± {row['std_test_score']:.4f}"
        axes.text(x, y, std, color=color, ha="center", va="top", fontsize="small")
        if row is best:
            _add_frame(axes, x, y)
    axes.set(xlabel=names[across], ylabel=names[down] if down else "")
    return figure


def _plot_ranking(results: list[Row], style: dict[str, Any]) -> Figure:
    """Plot score and standard deviation of each candidate, the best on top, labelled by its parameters."""
    best = [row for row in sort_by_rank(results) if not row.get("error")][:MAX_SHOWN]
    varied = {
        column: name for column, name in param_names(results).items() if len(_values(results, column)) > 1
    }
    labels = [format_params({name: row[column] for column, name in varied.items()}) for row in best]
    figure, axes = new_figure(height=0.8 + 0.22 * len(best), font_size=style["font_size"])
    for y, row in enumerate(best):
        score, std = row["mean_test_score"], row["std_test_score"]
        line = {"linewidth": 2.4, "alpha": 1} if y == 0 else {"linewidth": 1.2, "alpha": 0.6}
        axes.plot([score - std, score + std], [y, y], color=style["color"], **line)
        axes.plot([score], [y], color=style["color"], marker="o", markersize=6 if y == 0 else 4)
    set_row_labels(axes, [shorten(label, MAX_LABEL_LENGTH) for label in labels])
    axes.get_yticklabels()[0].set_weight("bold")
    if len(best) < len(results):
        axes.set_title(f"the best {len(best)} candidates")
    label = metric_label(style.get("metric", "accuracy"))
    axes.set_xlabel(f"mean {label} over the folds, with standard deviation")
    return figure


def _plot_scatter(results: list[Row], style: dict[str, Any]) -> Figure:
    """Plot the scores against each column of `style["scales"]`; failed candidates are crosses below the others."""
    names, best, scales = param_names(results), sort_by_rank(results)[0], style["scales"]
    n_columns = min(len(scales), MAX_PANELS)
    n_rows = math.ceil(len(scales) / n_columns)
    figure, panels = new_figure(
        height=2.2 * n_rows,
        font_size=style["font_size"],
        nrows=n_rows,
        ncols=n_columns,
        sharey=True,
        squeeze=False,
    )
    scored = [row for row in results if not row.get("error")]
    failed = [row for row in results if row.get("error")]
    means, stds = ([row[column] for row in scored] for column in ("mean_test_score", "std_test_score"))
    for axes, (column, scale) in zip(panels.flat, scales.items(), strict=False):
        points = [row[column] for row in scored]
        axes.errorbar(
            points, means, stds, fmt="o", color=style["color"], markersize=4, alpha=0.6, linewidth=1
        )
        axes.plot(best[column], best["mean_test_score"], "o", color=style["color"], markersize=8)
        crosses = [row[column] for row in failed]
        axes.plot(
            crosses, [0.04] * len(failed), "x", color=PLACEHOLDER_COLOR, transform=axes.get_xaxis_transform()
        )
        axes.set(xscale=scale, xlabel=names[column])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="y")
    for axes in panels.flat[len(scales) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel(f"mean {metric_label(style.get('metric', 'accuracy'))}")
    return figure


def _add_frame(axes: Axes, x: float, y: float) -> None:
    frame = Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=PLACEHOLDER_COLOR, linewidth=1.8)
    frame.set(clip_on=False, zorder=3)
    axes.add_patch(frame)


def _values(results: list[Row], column: str | None) -> list[str]:
    """Return the distinct values of a column as text, in order of appearance."""
    return list(dict.fromkeys(_value(row, column) for row in results))


def _value(row: Row, column: str | None) -> str:
    return format_value(row[column]) if column else ""
