"""Accuracy against the severity of corruptions, a curve a model."""

from typing import Any

from matplotlib.figure import Figure

from cifarbench.plots.cost import marker_and_color
from cifarbench.plots.style import new_figure, placeholder_figure

# model -> accuracy on the test images as they are, and content of robustness.json.
Found = dict[str, tuple[float, dict[str, Any]]]


def plot_corruption_accuracy(found: Found, style: dict[str, Any]) -> Figure:
    """Mean accuracy over all corruptions at each severity; severity 0 are the images as they are.

    style: `font_size`, `colors`.
    """
    if not found:
        return placeholder_figure("no model to show", style)
    figure, axes = new_figure(height=3.6, font_size=style["font_size"])
    for number, (model, (accuracy, one)) in enumerate(found.items()):
        color, marker = marker_and_color(number, style["colors"])
        severities = [0, *one["severities"]]
        axes.plot(
            severities,
            [accuracy, *one["mean_by_severity"]],
            color=color,
            marker=marker,
            markersize=4,
            label=model,
        )
    axes.set_xticks(severities)
    axes.set(xlabel="severity of the corruption", ylabel="mean accuracy")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper")
    return figure


def alt_text(found: Found) -> str:
    """The same in words."""
    means = [
        f"{model} {accuracy:.3f} to {one['mean_accuracy']:.3f}" for model, (accuracy, one) in found.items()
    ]
    return f"Accuracy on test images as they are, and mean accuracy on corrupted ones: {', '.join(means)}."
