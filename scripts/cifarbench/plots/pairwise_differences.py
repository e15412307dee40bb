"""Pairwise differences in accuracy, with intervals and p-values."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import WIDTH, annotate_cell, format_signed, new_figure

ALPHA = 0.05
# Opacity of the smallest and the largest significant difference.
MIN_SHADE = 0.15
MAX_SHADE = 0.75
LEGEND = [
    "row minus column, percentage points",
    "95% CI",
    "p-value after Holm's correction",
    "dashed: not significantly different",
]
MIN_ROWS_FOR_LEGEND = 4
# With more columns, intervals would overlap; the table has them.
MAX_COLUMNS_WITH_INTERVALS = 6
# Inches: width of a cell without an interval.
CELL_WIDTH = 0.42


def plot_paired_differences(models: list[str], tests: list[Row], style: dict[str, Any]) -> Figure:
    """Plot the accuracy of the row's model minus that of the column's, one cell per pair of models.

    models: in the configuration's order. tests: rows of paired_tests.csv. style: `font_size`, `better_color`,
    `worse_color`. The cells of pairs that do not differ significantly are not filled.
    """
    # Each model against those before it: rows start with the second model, columns end with the last but one.
    rows, columns = models[1:], models[:-1]
    with_intervals = len(columns) <= MAX_COLUMNS_WITH_INTERVALS
    row_height = 0.62 if with_intervals else 0.32
    figure, axes = new_figure(
        height=1.2 + row_height * max(len(rows), 1),
        width=WIDTH if with_intervals else max(WIDTH, 1.6 + CELL_WIDTH * len(columns)),
        font_size=style["font_size"],
    )
    axes.set(xlim=(-0.5, max(len(columns), 1) - 0.5), ylim=(max(len(rows), 1) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), rows)
    rotation = 25 if with_intervals else 45
    axes.set_xticks(range(len(columns)), columns, rotation=rotation, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if not tests:
        axes.text(0, 0, "one model: no pairs" if models else "no model: no pairs", ha="center", va="center")
    largest = max((abs(test["accuracy_difference"]) for test in tests), default=1) or 1
    for test in tests:
        # The row's model is the second one of the file.
        x, y = columns.index(test["model_a"]), rows.index(test["model_b"])
        difference = -test["accuracy_difference"]
        is_significant = test["p_value_adjusted"] < ALPHA
        fill = style["better_color" if difference > 0 else "worse_color"]
        strength = MIN_SHADE + (MAX_SHADE - MIN_SHADE) * abs(difference) / largest if is_significant else 0
        look = {"color": annotate_cell(axes, x, y, fill, strength), "ha": "center"}
        number = format_signed(100 * difference)
        weight = "bold" if is_significant else "normal"
        if with_intervals:
            low, high = (format_signed(-100 * test[name]) for name in ("ci_high", "ci_low"))
            details = f"[{low}, {high}]\n{_format_p_value(test['p_value_adjusted'])}"
            axes.text(x, y, number, weight=weight, va="bottom", **look)
            axes.text(x, y + 0.02, details, va="top", fontsize="small", **look)
        else:
            axes.text(x, y, number, weight=weight, va="center", fontsize="small", **look)
        if not is_significant:
            edge = Rectangle((x - 0.47, y - 0.45), 0.94, 0.9, fill=False, edgecolor=look["color"], alpha=0.5)
            edge.set(linewidth=0.8, linestyle=(0, (3, 2)))
            axes.add_patch(edge)
    if len(rows) >= MIN_ROWS_FOR_LEGEND:
        # The upper right half is empty.
        text = "\n".join(LEGEND if with_intervals else LEGEND[::3])
        corner = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(1, 1, text, fontsize="small", linespacing=1.5, **corner)
    return figure


def alt_text(models: list[str], tests: list[Row]) -> str:
    """Return a description of the plot."""
    text = f"Differences in accuracy between all {len(tests)} pairs of {len(models)} models"
    if not tests:
        return f"{text}."
    equal = [
        f"{test['model_a']} and {test['model_b']}" for test in tests if test["p_value_adjusted"] >= ALPHA
    ]
    return f"{text}; not significant: {', '.join(equal)}." if equal else f"{text}; all are significant."


def _format_p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 1 else "p = 1"
