"""The scores of a grid search: a heat map where the grid has one or two keys, a ranking where it has more."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarbench.evaluation.grid_search import MAX_SHOWN, format_value, param_names, sort_by_rank
from cifarbench.io.csv_io import Row
from cifarbench.plots.style import (
    PLACEHOLDER_COLOR,
    WIDTH,
    annotate_cell,
    new_figure,
    setup_table_axes,
    shorten,
)

# What columns are in words; others go by their parameter's name.
PARAM_LABELS = {"param_pca__n_components": "principal components", "param_knn__n_neighbors": "neighbours"}
# So that the palest cell still differs from no cell.
MIN_SHADE = 0.1
MAX_SHADE = 0.75
# More cells than that are too narrow for their words, or too many to look at.
MAX_COLUMNS = 8
MAX_ROWS = 20
MAX_LABEL_LENGTH = 64


def plot_grid_search(results: list[Row], style: dict[str, Any]) -> Figure:
    """Mean accuracy over the folds and its standard deviation, for every candidate; the best one stands out.

    results: rows of cv_results.csv. style: `font_size`, `color`. Colour spans the lowest to the highest score.
    """
    axes_of_cells = _axes_of_cells(results)
    return _heat_map(results, *axes_of_cells, style) if axes_of_cells else _ranking(results, style)


def alt_text(model: str, results: list[Row]) -> str:
    """What the figure says, in a sentence."""
    best, names = sort_by_rank(results)[0], param_names(results)
    pair = len(names) == 2
    chosen = [
        f"{format_value(best[column])} {PARAM_LABELS[column]}"
        if column in PARAM_LABELS
        else f"{name} {format_value(best[column])}"
        for column, name in (reversed(names.items()) if pair else names.items())
    ]
    return (
        f"Cross-validated accuracy of {len(results)} {'pairs' if pair else 'candidates'} that {model} chose from: "
        f"the best is {best['mean_test_score']:.4f}, with {(' and ' if pair else ', ').join(chosen)}."
    )


def _axes_of_cells(results: list[Row]) -> tuple[str, str | None] | None:
    """The columns that run across and down (None: a single row); None if cells can't show the grid."""
    columns = [*param_names(results)]
    sizes = {column: len(_values(results, column)) for column in columns}
    if len(columns) == 1:
        return (columns[0], None) if len(results) <= MAX_COLUMNS else None
    if len(columns) == 2:
        down, across = columns
        for x, y in ((across, down), (down, across)):
            if sizes[x] <= MAX_COLUMNS and sizes[y] <= MAX_ROWS:
                return x, y
    return None


def _heat_map(results: list[Row], across: str, down: str | None, style: dict[str, Any]) -> Figure:
    names = param_names(results) | PARAM_LABELS
    columns, rows = _values(results, across), _values(results, down)
    width = min(WIDTH, 1.2 + 1.1 * len(columns))
    figure, axes = new_figure(height=0.8 + 0.55 * len(rows), width=width, font_size=style["font_size"])
    setup_table_axes(axes, columns, rows)
    scores = [row["mean_test_score"] for row in results if not row.get("error")]
    spread, best = max(scores) - min(scores) or 1, sort_by_rank(results)[0]
    for row in results:
        x, y = columns.index(format_value(row[across])), rows.index(_value(row, down))
        if row.get("error"):
            axes.text(x, y, "failed", color=PLACEHOLDER_COLOR, ha="center", va="center")
            continue
        score = row["mean_test_score"]
        strength = MIN_SHADE + (MAX_SHADE - MIN_SHADE) * (score - min(scores)) / spread
        ink = annotate_cell(axes, x, y, style["color"], strength)
        weight = "bold" if row is best else "normal"
        axes.text(x, y, f"{score:.4f}", color=ink, ha="center", va="bottom", weight=weight)
        axes.text(x, y, f"± {row['std_test_score']:.4f}", color=ink, ha="center", va="top", fontsize="small")
        if row is best:
            _frame(axes, x, y)
    axes.set(xlabel=names[across], ylabel=names[down] if down else "")
    return figure


def _ranking(results: list[Row], style: dict[str, Any]) -> Figure:
    """A dot and its deviation for each candidate, the best on top, with its hyperparameters beside it."""
    best = [row for row in sort_by_rank(results) if not row.get("error")][:MAX_SHOWN]
    # What all candidates share tells nothing.
    names = {
        column: name for column, name in param_names(results).items() if len(_values(results, column)) > 1
    }
    labels = [
        ", ".join(f"{name} {format_value(row[column])}" for column, name in names.items()) for row in best
    ]
    figure, axes = new_figure(height=0.8 + 0.22 * len(best), font_size=style["font_size"])
    for y, row in enumerate(best):
        score, spread = row["mean_test_score"], row["std_test_score"]
        strong = {"linewidth": 2.4, "alpha": 1} if y == 0 else {"linewidth": 1.2, "alpha": 0.6}
        axes.plot([score - spread, score + spread], [y, y], color=style["color"], **strong)
        axes.plot([score], [y], color=style["color"], marker="o", markersize=6 if y == 0 else 4)
    axes.set_yticks(range(len(best)), [shorten(label, MAX_LABEL_LENGTH) for label in labels])
    axes.get_yticklabels()[0].set_weight("bold")
    axes.set_ylim(len(best) - 0.4, -0.6)
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    if len(best) < len(results):
        axes.set_title(f"the best {len(best)} candidates")
    axes.set_xlabel("mean accuracy over the folds, with its standard deviation")
    return figure


def _frame(axes: Axes, x: float, y: float) -> None:
    axes.plot(
        [x - 0.5, x + 0.5, x + 0.5, x - 0.5, x - 0.5],
        [y - 0.5, y - 0.5, y + 0.5, y + 0.5, y - 0.5],
        color=PLACEHOLDER_COLOR,
        linewidth=1.8,
        clip_on=False,
        zorder=3,
    )


def _values(results: list[Row], column: str | None) -> list[str]:
    """The values that a column takes, as words, in the order in which they come."""
    return list(dict.fromkeys(_value(row, column) for row in results))


def _value(row: Row, column: str | None) -> str:
    return format_value(row[column]) if column else ""
