"""The scores of a grid search: a heat map where the grid has one or two keys, a ranking where it has more."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarbench.evaluation.candidates import MOST_SHOWN, parameters, ranked, text
from cifarbench.figures.style import INK, WIDTH, draw_cell, frame_cells, new_figure
from cifarbench.study.tables import Row

# What columns are in words; others go by their parameter's name.
WORDS = {"param_pca__n_components": "principal components", "param_knn__n_neighbors": "neighbours"}
# So that the palest cell still differs from no cell.
PALEST = 0.1
DARKEST = 0.75
# More cells than that are too narrow for their words, or too many to look at.
MOST_ACROSS = 8
MOST_DOWN = 20
LONGEST_LABEL = 64


def draw(results: list[Row], style: dict[str, Any]) -> Figure:
    """Mean accuracy over the folds and its standard deviation, for every candidate; the best one stands out.

    results: rows of cv_results.csv. style: `font_size`, `color`. Colour spans the lowest to the highest score.
    """
    axes_of_cells = _axes_of_cells(results)
    return _heat_map(results, *axes_of_cells, style) if axes_of_cells else _ranking(results, style)


def describe(model: str, results: list[Row]) -> str:
    """What the figure says, in a sentence."""
    best, names = ranked(results)[0], parameters(results)
    pair = len(names) == 2
    chosen = [
        f"{text(best[column])} {WORDS[column]}" if column in WORDS else f"{name} {text(best[column])}"
        for column, name in (reversed(names.items()) if pair else names.items())
    ]
    return (
        f"Cross-validated accuracy of {len(results)} {'pairs' if pair else 'candidates'} that {model} chose from: "
        f"the best is {best['mean_test_score']:.4f}, with {(' and ' if pair else ', ').join(chosen)}."
    )


def _axes_of_cells(results: list[Row]) -> tuple[str, str | None] | None:
    """The columns that run across and down (None: a single row); None if cells can't show the grid."""
    columns = [*parameters(results)]
    sizes = {column: len(_values(results, column)) for column in columns}
    if len(columns) == 1:
        return (columns[0], None) if len(results) <= MOST_ACROSS else None
    if len(columns) == 2:
        down, across = columns
        for x, y in ((across, down), (down, across)):
            if sizes[x] <= MOST_ACROSS and sizes[y] <= MOST_DOWN:
                return x, y
    return None


def _heat_map(results: list[Row], across: str, down: str | None, style: dict[str, Any]) -> Figure:
    names = parameters(results) | WORDS
    columns, rows = _values(results, across), _values(results, down)
    width = min(WIDTH, 1.2 + 1.1 * len(columns))
    figure, axes = new_figure(height=0.8 + 0.55 * len(rows), width=width, font_size=style["font_size"])
    frame_cells(axes, columns, rows)
    scores = [row["mean_test_score"] for row in results]
    spread, best = max(scores) - min(scores) or 1, ranked(results)[0]
    for row, score in zip(results, scores, strict=True):
        x, y = columns.index(text(row[across])), rows.index(_value(row, down))
        strength = PALEST + (DARKEST - PALEST) * (score - min(scores)) / spread
        ink = draw_cell(axes, x, y, style["color"], strength)
        weight = "bold" if row is best else "normal"
        axes.text(x, y, f"{score:.4f}", color=ink, ha="center", va="bottom", weight=weight)
        axes.text(x, y, f"± {row['std_test_score']:.4f}", color=ink, ha="center", va="top", fontsize="small")
        if row is best:
            _frame(axes, x, y)
    axes.set(xlabel=names[across], ylabel=names[down] if down else "")
    return figure


def _ranking(results: list[Row], style: dict[str, Any]) -> Figure:
    """A dot and its deviation for each candidate, the best on top, with its hyperparameters beside it."""
    best = ranked(results)[:MOST_SHOWN]
    # What all candidates share tells nothing.
    names = {
        column: name for column, name in parameters(results).items() if len(_values(results, column)) > 1
    }
    labels = [", ".join(f"{name} {text(row[column])}" for column, name in names.items()) for row in best]
    figure, axes = new_figure(height=0.8 + 0.22 * len(best), font_size=style["font_size"])
    for y, row in enumerate(best):
        score, spread = row["mean_test_score"], row["std_test_score"]
        strong = {"linewidth": 2.4, "alpha": 1} if y == 0 else {"linewidth": 1.2, "alpha": 0.6}
        axes.plot([score - spread, score + spread], [y, y], color=style["color"], **strong)
        axes.plot([score], [y], color=style["color"], marker="o", markersize=6 if y == 0 else 4)
    axes.set_yticks(range(len(best)), [_shortened(label) for label in labels])
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
        color=INK,
        linewidth=1.8,
        clip_on=False,
        zorder=3,
    )


def _values(results: list[Row], column: str | None) -> list[str]:
    """The values that a column takes, as words, in the order in which they come."""
    return list(dict.fromkeys(_value(row, column) for row in results))


def _value(row: Row, column: str | None) -> str:
    return text(row[column]) if column else ""


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
