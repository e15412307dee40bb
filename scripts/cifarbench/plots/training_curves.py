"""A network's loss and accuracy over the epochs, training against test."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarbench.io.csv_io import Row
from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure


def plot_training_curves(history: list[Row], learning: dict[str, Any], style: dict[str, Any]) -> Figure:
    """Loss at the left, accuracy at the right.

    history: rows of history.csv. learning: training_summary.json, whose lowest test loss and levelling off are
    marked. style: `font_size`, `train_color`, `test_color`.
    """
    figure, (loss, accuracy) = new_figure(height=2.9, font_size=style["font_size"], ncols=2)
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        _curves(axes, history, name, style)
    # history.csv counts epochs from 0, readers from 1.
    lowest = learning["lowest_test_loss"]
    epoch = lowest["epoch"] + 1
    _mark(loss, epoch, lowest["value"], f"lowest test loss: epoch {epoch}", style, top=True)
    level = learning["plateau"]["epoch"]
    if level is not None:
        _mark(
            accuracy,
            level + 1,
            history[level]["test_accuracy"],
            f"test levels off: epoch {level + 1}",
            style,
            top=False,
        )
    figure.legend(*loss.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def alt_text(model: str, learning: dict[str, Any]) -> str:
    """What the figure says, in a sentence."""
    final, lowest = learning["final"], learning["lowest_test_loss"]
    return (
        f"Loss and accuracy of {model} over {learning['epochs']} epochs: at the end, training accuracy is "
        f"{final['train_accuracy']:.3f} and test accuracy {final['test_accuracy']:.3f}; "
        f"the test loss is lowest in epoch {lowest['epoch'] + 1}."
    )


def _curves(axes: Axes, history: list[Row], name: str, style: dict[str, Any]) -> None:
    epochs = [row["epoch"] + 1 for row in history]
    marker = "o" if len(epochs) == 1 else None
    for part, line in (("train", (0, (4, 1.5))), ("test", "-")):
        values = [row[f"{part}_{name}"] for row in history]
        label = {"train": "training", "test": "test"}[part]
        axes.plot(epochs, values, color=style[f"{part}_color"], linestyle=line, marker=marker, label=label)
    axes.set_title(name)
    axes.set_xlabel("epoch")
    axes.margins(x=0.02)
    axes.grid(axis="y")
    axes.xaxis.get_major_locator().set_params(integer=True)


def _mark(axes: Axes, x: float, y: float, words: str, style: dict[str, Any], top: bool) -> None:
    """A dot on the test curve, and words at the far edge of the axes that a thin line ties to it."""
    axes.plot([x], [y], marker="o", markersize=5, color=style["test_color"], clip_on=False)
    edge = 0.98 if top else 0.03
    low, high = axes.get_xlim()
    side = "left" if (x - low) / (high - low) < 0.5 else "right"
    axes.axvline(x, color=PLACEHOLDER_COLOR, alpha=0.35, linewidth=0.6, linestyle=(0, (1, 2)))
    axes.annotate(
        words,
        (x, edge),
        xycoords=("data", "axes fraction"),
        xytext=(4 if side == "left" else -4, 0),
        textcoords="offset points",
        ha=side,
        va="top" if top else "bottom",
        fontsize="small",
    )
