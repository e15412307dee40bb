"""Accuracy of all models side by side."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure, set_row_labels


def plot_accuracy(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """Plot accuracy with its 95% interval, one row per model; diamonds are means over several seeds.

    comparison: rows of comparison.csv that did not fail; models with pretrained features come last, below a line.
    style: `font_size`, `color`, `seed_color`.
    """
    if not comparison:
        return placeholder_figure("no model to show", style)
    rows = sorted(comparison, key=lambda row: row["pretrained"])
    n_pretrained = sum(row["pretrained"] for row in rows)
    figure, axes = new_figure(height=0.8 + 0.36 * len(rows), font_size=style["font_size"])
    label = "test accuracy with 95% CI"
    for y, row in enumerate(rows):
        value, low, high = row["accuracy"], row["accuracy_low"], row["accuracy_high"]
        axes.plot([low, high], [y, y], color=style["color"], linewidth=5, alpha=0.4, solid_capstyle="butt")
        axes.plot([value], [y], color=style["color"], marker="o", markersize=6)
        axes.annotate(f"{value:.3f}", (value, y), xytext=(0, 5), textcoords="offset points", ha="center")
        if row["accuracy_seed_std"] is not None:
            mean, std = row["accuracy_seed_mean"], row["accuracy_seed_std"]
            axes.plot([mean - std, mean + std], [y + 0.28] * 2, color=style["seed_color"], linewidth=1.2)
            axes.plot([mean], [y + 0.28], color=style["seed_color"], marker="D", markersize=4)
            label = "test accuracy with 95% CI; diamonds: mean and standard deviation over seeds"
    if 0 < n_pretrained < len(rows):
        edge = len(rows) - n_pretrained - 0.5
        axes.axhline(edge, color=PLACEHOLDER_COLOR, alpha=0.5, linewidth=0.8, linestyle=(0, (3, 2)))
        at_left = {"transform": axes.get_yaxis_transform(), "fontsize": "small", "va": "top"}
        axes.text(0, edge + 0.02, "below: pretrained features", alpha=0.8, **at_left)
    set_row_labels(axes, [row["model"] for row in rows])
    axes.set_ylim(top=-0.65)
    axes.set_xlabel(label)
    return figure


def alt_text(comparison: list[Row]) -> str:
    """Return a description of the plot."""
    values = ", ".join(f"{row['model']} {row['accuracy']:.3f}" for row in comparison)
    return f"Test accuracy of all models with 95% intervals: {values or 'none'}."
