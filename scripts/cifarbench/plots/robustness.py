"""Accuracy against the severity of corruptions, one curve per model."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.plots.cost import marker_and_color
from cifarbench.plots.style import new_figure, placeholder_figure

# model -> accuracy on the uncorrupted test images, and content of robustness.json.
Scores = dict[str, tuple[float, dict[str, Any]]]


def plot_corruption_accuracy(scores: Scores, style: dict[str, Any]) -> Figure:
    """Plot mean accuracy over all corruptions at each severity; severity 0 is the uncorrupted images.

    style: `font_size`, `colors`.
    """
    if not scores:
        return placeholder_figure("no model to show", style)
    figure, axes = new_figure(height=3.6, font_size=style["font_size"])
    for number, (model, (accuracy, robustness)) in enumerate(scores.items()):
        color, marker = marker_and_color(number, style["colors"])
        severities = [0, *robustness["severities"]]
        values = [accuracy, *robustness["mean_by_severity"]]
        axes.plot(severities, values, color=color, marker=marker, markersize=4, label=model)
    axes.set_xticks(severities)
    axes.set(xlabel="severity of the corruption", ylabel="mean accuracy")
    figure.legend(loc="outside right upper")
    return figure


def alt_text(scores: Scores) -> str:
    """Return a description of the plot."""
    means = [
        f"{model} {accuracy:.3f} to {robustness['mean_accuracy']:.3f}"
        for model, (accuracy, robustness) in scores.items()
    ]
    return f"Accuracy on uncorrupted test images, and mean accuracy on corrupted ones: {', '.join(means)}."
