"""All pairs of models: by how much one is more accurate than the other, and how sure that is."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import WIDTH, annotate_cell, format_signed, new_figure

ALPHA = 0.05
MAX_SHADE = 0.75
LEGEND = """row less column, percentage points
95% interval
p-value after Holm's correction
dashed: can't be told apart"""
SHORT_LEGEND = "\n".join(LEGEND.splitlines()[::3])
MIN_ROWS_FOR_LEGEND = 4
# With more columns, intervals would overlap; the table has them.
MAX_COLUMNS_WITH_INTERVALS = 8
# Inches that such a number needs.
CELL = 0.42


def plot_paired_differences(models: list[str], tests: list[Row], style: dict[str, Any]) -> Figure:
    """A cell for each pair: by how many percentage points the row's model is more accurate than the column's.

    models: in the configuration's order. tests: rows of paired_tests.csv. style: `font_size`, `better_color`,
    `worse_color`. A pair that can't be told apart at 5% after Holm's correction has an empty cell.
    """
    # Each model against those before it: rows start with the second model, columns end with the last but one.
    rows, columns = models[1:], models[:-1]
    roomy = len(columns) <= MAX_COLUMNS_WITH_INTERVALS
    # A cell without an interval is a line high, and as wide as its number.
    height, width = (0.62, WIDTH) if roomy else (0.32, max(WIDTH, 1.6 + CELL * len(columns)))
    figure, axes = new_figure(
        height=1.2 + height * max(len(rows), 1), width=width, font_size=style["font_size"]
    )
    axes.set(xlim=(-0.5, max(len(columns), 1) - 0.5), ylim=(max(len(rows), 1) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(
        range(len(columns)), columns, rotation=25 if roomy else 45, ha="right", rotation_mode="anchor"
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if not tests:
        few = "one model" if models else "no model"
        axes.text(0, 0, f"{few}: no pairs", ha="center", va="center")
    largest = max((abs(test["accuracy_difference"]) for test in tests), default=1) or 1
    for test in tests:
        # The file has the earlier model first: the row's model is the second.
        x, y = columns.index(test["model_a"]), rows.index(test["model_b"])
        difference, low, high = -test["accuracy_difference"], -test["ci_high"], -test["ci_low"]
        apart = test["p_value_adjusted"] < ALPHA
        color = style["better_color" if difference > 0 else "worse_color"]
        strength = 0.15 + (MAX_SHADE - 0.15) * abs(difference) / largest if apart else 0
        ink = annotate_cell(axes, x, y, color, strength)
        weight = "bold" if apart else "normal"
        place = {"color": ink, "ha": "center"}
        looks = {"va": "bottom"} if roomy else {"va": "center", "fontsize": "small"}
        axes.text(x, y, format_signed(100 * difference), weight=weight, **looks, **place)
        if roomy:
            words = f"[{format_signed(100 * low)}, {format_signed(100 * high)}]\n{_p_value(test['p_value_adjusted'])}"
            axes.text(x, y + 0.02, words, va="top", fontsize="small", **place)
        axes.fill(
            [x - 0.47, x + 0.47, x + 0.47, x - 0.47],
            [y - 0.45, y - 0.45, y + 0.45, y + 0.45],
            facecolor="none",
            edgecolor=ink if not apart else "none",
            alpha=0.5,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
        )
    if len(rows) >= MIN_ROWS_FOR_LEGEND:
        # The upper right half is empty.
        place = {"ha": "right", "va": "top", "transform": axes.transAxes}
        axes.text(1, 1, LEGEND if roomy else SHORT_LEGEND, fontsize="small", linespacing=1.5, **place)
    return figure


def alt_text(models: list[str], tests: list[Row]) -> str:
    """What the figure says, in a sentence."""
    same = [f"{test['model_a']} and {test['model_b']}" for test in tests if test["p_value_adjusted"] >= ALPHA]
    text = f"Differences in accuracy between all {len(tests)} pairs of {len(models)} models"
    if not tests:
        return f"{text}."
    return f"{text}; not told apart: {', '.join(same)}." if same else f"{text}; all are told apart."


def _p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 1 else "p = 1"
