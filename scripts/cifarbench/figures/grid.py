"""Heat map of a grid search's scores."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.figures.style import INK, WIDTH, draw_cell, frame_cells, new_figure
from cifarbench.study.tables import Row

ACROSS = "param_pca__n_components"
DOWN = "param_knn__n_neighbors"
# So that the palest cell still differs from no cell.
PALEST = 0.1
DARKEST = 0.75


def draw(results: list[Row], style: dict[str, Any]) -> Figure:
    """Mean accuracy over the folds and its standard deviation, for every pair; the best one framed.

    results: rows of cv_results.csv. style: `font_size`, `color`. Colour spans the lowest to the highest
    score.
    """
    across, down = ([*dict.fromkeys(int(row[name]) for row in results)] for name in (ACROSS, DOWN))
    width = min(WIDTH, 1.2 + 1.1 * len(across))
    figure, axes = new_figure(height=0.8 + 0.55 * len(down), width=width, font_size=style["font_size"])
    frame_cells(axes, list(map(str, across)), list(map(str, down)))
    scores = [row["mean_test_score"] for row in results]
    spread = max(scores) - min(scores) or 1
    for row, score in zip(results, scores, strict=True):
        x, y = across.index(int(row[ACROSS])), down.index(int(row[DOWN]))
        strength = PALEST + (DARKEST - PALEST) * (score - min(scores)) / spread
        best = row is _best(results)
        ink = draw_cell(axes, x, y, style["color"], strength)
        axes.text(
            x, y, f"{score:.4f}", color=ink, ha="center", va="bottom", weight="bold" if best else "normal"
        )
        axes.text(x, y, f"± {row['std_test_score']:.4f}", color=ink, ha="center", va="top", fontsize="small")
        if best:
            axes.plot(
                [x - 0.5, x + 0.5, x + 0.5, x - 0.5, x - 0.5],
                [y - 0.5, y - 0.5, y + 0.5, y + 0.5, y - 0.5],
                color=INK,
                linewidth=1.8,
                clip_on=False,
                zorder=3,
            )
    axes.set(xlabel="principal components", ylabel="neighbours")
    return figure


def describe(model: str, results: list[Row]) -> str:
    """What the figure says, in a sentence."""
    best = _best(results)
    return (
        f"Cross-validated accuracy of {len(results)} pairs that {model} chose from: the best is "
        f"{best['mean_test_score']:.4f}, with {best[ACROSS]:.0f} principal components "
        f"and {best[DOWN]:.0f} neighbours."
    )


def _best(results: list[Row]) -> Row:
    """The first of those ranked first, which is what the grid search takes."""
    return min(results, key=lambda row: row["rank_test_score"])
