"""Training curves of a network: loss and accuracy by epoch, on training and test images."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure

DASHED = (0, (4, 1.5))
DOTTED = (0, (1, 2))


def plot_training_curves(history: list[Row], summary: dict[str, Any], style: dict[str, Any]) -> Figure:
    """Plot loss and accuracy, with marks at the lowest test loss and where test accuracy levels off.

    history: rows of history.csv. summary: training_summary.json. style: `font_size`, `train_color`, `test_color`.
    Epochs are counted from 1, those of the files from 0.
    """
    figure, (loss, accuracy) = new_figure(height=2.9, font_size=style["font_size"], ncols=2)
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        _plot_curves(axes, history, name, style)
    _mark(loss, history, "test_loss", summary["lowest_test_loss"]["epoch"], "lowest test loss", style)
    if summary["plateau"]["epoch"] is not None:
        _mark(accuracy, history, "test_accuracy", summary["plateau"]["epoch"], "test levels off", style)
    figure.legend(*loss.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def alt_text(model: str, summary: dict[str, Any]) -> str:
    """Return a description of the plot."""
    final, lowest = summary["final"], summary["lowest_test_loss"]
    return (
        f"Loss and accuracy of {model} over {summary['epochs']} epochs: after the last one, training accuracy is "
        f"{final['train_accuracy']:.3f} and test accuracy {final['test_accuracy']:.3f}; "
        f"the test loss is lowest in epoch {lowest['epoch'] + 1}."
    )


def _plot_curves(axes: Axes, history: list[Row], name: str, style: dict[str, Any]) -> None:
    epochs = [row["epoch"] + 1 for row in history]
    marker = "o" if len(epochs) == 1 else None
    for part, label, line in (("train", "training", DASHED), ("test", "test", "-")):
        values = [row[f"{part}_{name}"] for row in history]
        axes.plot(epochs, values, color=style[f"{part}_color"], linestyle=line, marker=marker, label=label)
    axes.set_title(name)
    axes.set_xlabel("epoch")
    axes.margins(x=0.02)
    axes.grid(axis="y")
    axes.locator_params("x", integer=True)


def _mark(axes: Axes, history: list[Row], name: str, epoch: int, text: str, style: dict[str, Any]) -> None:
    """Mark an epoch (from 0) with a dot on the test curve, and a text at the top for a loss, else at the bottom."""
    x, value = epoch + 1, history[epoch][name]
    axes.plot([x], [value], marker="o", markersize=5, color=style["test_color"], clip_on=False)
    axes.axvline(x, color=PLACEHOLDER_COLOR, alpha=0.35, linewidth=0.6, linestyle=DOTTED)
    y, align = (0.98, "top") if name == "test_loss" else (0.03, "bottom")
    low, high = axes.get_xlim()
    side, offset = ("left", 4) if (x - low) / (high - low) < 0.5 else ("right", -4)
    axes.annotate(
        f"{text}: epoch {x}",
        (x, y),
        xycoords=("data", "axes fraction"),
        xytext=(offset, 0),
        textcoords="offset points",
        ha=side,
        va=align,
        fontsize="small",
    )
