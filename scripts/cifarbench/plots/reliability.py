"""Reliability diagram: how often a model is right when it is so sure."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure

# In place of the diagram of a model that gives no probabilities.
NO_PROBABILITIES_TEXT = "This classifier gives no probabilities, so its calibration can't be told."


def plot_reliability_diagram(scores: dict[str, Any], style: dict[str, Any]) -> Figure:
    """Accuracy in bins of confidence with 95% intervals against the diagonal, and how many images a bin has.

    scores: metrics.json. style: `font_size`, `color`, `gap_color`.
    """
    bins = scores["reliability"]
    edges = np.array(bins["bin_edges"])
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    filled = np.array(bins["count"]) > 0
    accuracy, confidence = (np.array(bins[name], dtype=float)[filled] for name in ("accuracy", "confidence"))
    low, high = np.array([interval for interval in bins["accuracy_ci95"] if interval]).T
    figure, (main, below) = new_figure(
        height=4.2,
        width=4.2,
        font_size=style["font_size"],
        nrows=2,
        sharex=True,
        gridspec_kw={"height_ratios": [4, 1]},
    )
    main.plot([0, 1], [0, 1], color=PLACEHOLDER_COLOR, alpha=0.5, linewidth=0.8, linestyle=(0, (3, 2)))
    main.vlines(
        confidence, accuracy, confidence, color=style["gap_color"], linewidth=5, alpha=0.35, clip_on=False
    )
    main.vlines(confidence, low, high, color=style["color"], linewidth=1)
    main.plot(
        confidence, accuracy, color=style["color"], marker="o", markersize=5, linewidth=1, clip_on=False
    )
    main.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    main.grid()
    main.text(
        0.03,
        0.97,
        f"expected calibration error {scores['expected_calibration_error']:.3f}",
        va="top",
        transform=main.transAxes,
    )
    below.bar(
        middles, np.array(bins["count"]) / sum(bins["count"]), width=0.86 * widths, color=style["color"]
    )
    below.set(ylabel="images", xlabel="confidence: probability of the predicted class")
    below.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    below.locator_params(axis="y", nbins=2)
    below.grid(axis="y")
    return figure


def alt_text(model: str, scores: dict[str, Any]) -> str:
    """What the figure says, in a sentence."""
    side = "surer" if scores["mean_confidence"] > scores["accuracy"] else "less sure"
    return (
        f"Reliability diagram of {model}: mean confidence {scores['mean_confidence']:.3f}, accuracy "
        f"{scores['accuracy']:.3f}, so it is {side} than it should be; expected calibration error "
        f"{scores['expected_calibration_error']:.3f}."
    )
