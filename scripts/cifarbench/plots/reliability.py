"""Reliability diagram: accuracy against confidence."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure

NO_PROBABILITIES_TEXT = "This classifier gives no probabilities, so its calibration is unknown."


def plot_reliability_diagram(scores: dict[str, Any], style: dict[str, Any]) -> Figure:
    """Plot accuracy in bins of confidence with 95% intervals, and the share of images in each bin.

    scores: metrics.json. style: `font_size`, `color`, `gap_color`.
    """
    bins = scores["reliability"]
    edges = np.array(bins["bin_edges"])
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
    gap = {"color": style["gap_color"], "linewidth": 5, "alpha": 0.35}
    main.vlines(confidence, accuracy, confidence, clip_on=False, **gap)
    main.vlines(confidence, low, high, color=style["color"], linewidth=1)
    line = {"color": style["color"], "marker": "o", "markersize": 5, "linewidth": 1}
    main.plot(confidence, accuracy, clip_on=False, **line)
    main.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    main.grid()
    text = f"expected calibration error {scores['ece']:.3f}"
    main.text(0.03, 0.97, text, va="top", transform=main.transAxes)
    shares = np.array(bins["count"]) / sum(bins["count"])
    below.bar((edges[1:] + edges[:-1]) / 2, shares, width=0.86 * np.diff(edges), color=style["color"])
    below.set(ylabel="images", xlabel="confidence: probability of the predicted class")
    below.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    below.locator_params(axis="y", nbins=2)
    below.grid(axis="y")
    return figure


def alt_text(model: str, scores: dict[str, Any]) -> str:
    """Return a description of the plot."""
    side = "over" if scores["mean_confidence"] > scores["accuracy"] else "under"
    return (
        f"Reliability diagram of {model}: mean confidence {scores['mean_confidence']:.3f}, accuracy "
        f"{scores['accuracy']:.3f}, so it is {side}confident; expected calibration error "
        f"{scores['ece']:.3f}."
    )
