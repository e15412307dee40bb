"""Accuracy against the time that fitting takes, each model by its name."""

from itertools import pairwise, product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from cifarbench.io.csv_io import Row
from cifarbench.plots.cost import accuracy_cost_front, plot_pareto_panel
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure

# Where a name may stand around its mark: distances in points, then sides, the better ones first.
DISTANCES = (6, 14, 24, 36, 50, 66)
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
# From here on a line ties a name to its mark.
MAX_LABEL_DISTANCE = 10
MARKER_SIZE = 5
ALIGNMENTS = {-1: "right", 0: "center", 1: "left"}


def plot_fit_time(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """Models that no other beats in both are filled and joined by a line; squares have seen other images.

    comparison: rows of comparison.csv, those that failed left out. style: `font_size`, `colors`, of which the
    first is taken. The line is that of the models that have seen the training images alone.
    """
    if not comparison:
        return placeholder_figure("no model to show", style)
    figure, axes = new_figure(height=3.4 + 0.09 * len(comparison), font_size=style["font_size"])
    rows = [row | {"fit_seconds": max(row["fit_seconds"], 1e-3)} for row in comparison]
    looks = [(style["colors"][0], "s" if row["pretrained"] else "o") for row in rows]
    front = plot_pareto_panel(
        axes, rows, "fit_seconds", looks, linewidth=1.2, markersize=MARKER_SIZE + 1, markeredgewidth=1.3
    )
    axes.margins(0.16, 0.12)
    axes.set(xlabel="fit, seconds", ylabel="test accuracy")
    axes.grid()
    points = np.array([[row["fit_seconds"], row["accuracy"]] for row in rows])
    _name(figure, axes, comparison, points, front)
    return figure


def alt_text(comparison: list[Row]) -> str:
    """What the figure says, in a sentence."""
    front = ", ".join(comparison[i]["model"] for i in accuracy_cost_front(comparison, "fit_seconds"))
    return f"Accuracy against fitting time; on the Pareto front, the quickest first: {front or 'none'}."


def _name(figure: Figure, axes: Axes, comparison: list[Row], points: np.ndarray, front: list[int]) -> None:
    """Write each name where it covers no mark and no other name; the most accurate have the first choice."""
    # Places are known only once everything else has its own.
    figure.draw_without_rendering()
    # The names must not move it.
    figure.set_layout_engine("none")
    scale = figure.dpi / 72
    places = axes.transData.transform(points)
    taken = [
        Bbox.from_extents(x - MARKER_SIZE, y - MARKER_SIZE, x + MARKER_SIZE, y + MARKER_SIZE)
        for x, y in places
    ]
    for (x, y), (right, top) in pairwise(places[front]):
        # The steps of the front: across, then up.
        taken += [Bbox.from_extents(x, y - 1, right, y + 1), Bbox.from_extents(right - 1, y, right + 1, top)]
    frame = axes.get_window_extent()
    for i in sorted(range(len(comparison)), key=lambda i: -comparison[i]["accuracy"]):
        name = axes.annotate(
            comparison[i]["model"],
            points[i],
            xytext=(0, 0),
            textcoords="offset points",
            fontsize="small",
            weight="bold" if i in front else "normal",
            color=PLACEHOLDER_COLOR,
        )
        for distance, (across, up) in product(DISTANCES, SIDES):
            # The diagonal is as far as the sides.
            reach = distance if not (across and up) else distance * 0.75
            name.set(
                position=(across * reach, up * reach),
                horizontalalignment=ALIGNMENTS[across],
                verticalalignment={-1: "top", 0: "center_baseline", 1: "bottom"}[up],
            )
            box = name.get_window_extent().padded(scale)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
        if distance > MAX_LABEL_DISTANCE:
            tie = {
                "arrowstyle": "-",
                "color": PLACEHOLDER_COLOR,
                "alpha": 0.4,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 3,
            }
            axes.annotate(
                "",
                points[i],
                xytext=name.get_position(),
                textcoords="offset points",
                arrowprops=tie,
            )
