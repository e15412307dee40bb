"""Accuracy of all models side by side."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure, placeholder_figure


def plot_accuracy(comparison: list[Row], style: dict[str, Any]) -> Figure:
    """A dot and its 95% interval for each model, the first one on top; diamonds are means over several seeds.

    comparison: rows of comparison.csv, those that failed left out; those whose features have seen other images stand
    apart. style: `font_size`, `color`, `seed_color`.
    """
    # Those that have seen other images come last, below a line.
    own = [row for row in comparison if not row["pretrained"]]
    comparison = own + [row for row in comparison if row["pretrained"]]
    if not comparison:
        return placeholder_figure("no model to show", style)
    figure, axes = new_figure(height=0.8 + 0.36 * len(comparison), font_size=style["font_size"])
    for y, row in enumerate(comparison):
        value, low, high = row["accuracy"], row["accuracy_low"], row["accuracy_high"]
        axes.plot([low, high], [y, y], color=style["color"], linewidth=5, alpha=0.4, solid_capstyle="butt")
        axes.plot([value], [y], color=style["color"], marker="o", markersize=6)
        axes.annotate(f"{value:.3f}", (value, y), xytext=(0, 5), textcoords="offset points", ha="center")
    several = [(y, row) for y, row in enumerate(comparison) if row["accuracy_seed_std"] is not None]
    for y, row in several:
        mean, spread = row["accuracy_seed_mean"], row["accuracy_seed_std"]
        axes.plot([mean - spread, mean + spread], [y + 0.28] * 2, color=style["seed_color"], linewidth=1.2)
        axes.plot([mean], [y + 0.28], color=style["seed_color"], marker="D", markersize=4)
    if 0 < len(own) < len(comparison):
        axes.axhline(len(own) - 0.5, color=PLACEHOLDER_COLOR, alpha=0.5, linewidth=0.8, linestyle=(0, (3, 2)))
        place = {"transform": axes.get_yaxis_transform(), "fontsize": "small", "va": "top"}
        axes.text(0, len(own) - 0.48, "below: have seen other images", alpha=0.8, **place)
    axes.set_yticks(range(len(comparison)), [row["model"] for row in comparison])
    axes.set_ylim(len(comparison) - 0.5, -0.65)
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    seeds = "; diamonds: mean and standard deviation over seeds" if several else ""
    axes.set_xlabel(f"test accuracy, with its 95% interval{seeds}")
    return figure


def alt_text(comparison: list[Row]) -> str:
    """What the figure says, in a sentence."""
    values = ", ".join(f"{row['model']} {row['accuracy']:.3f}" for row in comparison)
    return f"Test accuracy of all models with 95% intervals: {values or 'none'}."
