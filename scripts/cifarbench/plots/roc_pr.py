"""ROC and precision-recall curves, one class versus the rest."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.style import PLACEHOLDER_COLOR, new_figure

# Points of a curve.
GRID = np.linspace(0, 1, 101)
# With more classes, only the means are drawn.
MAX_CLASSES = 20


def one_vs_rest_curves(y_true: np.ndarray, proba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return true positive rates by false positive rate, and precisions by recall, on GRID: (n_present, 101) each.

    y_true: (N,) int. proba: (N, n_classes). Classes that are absent, or alone, are left out. The rate is interpolated
    linearly, as for the area under the curve; the precision is that of the first threshold that reaches the recall.
    """
    rates, precisions = [], []
    for label in range(proba.shape[1]):
        positive = y_true == label
        if not 0 < positive.sum() < len(positive):
            continue
        order = np.argsort(-proba[:, label], kind="stable")
        # The last image of each distinct score.
        last = np.append(np.diff(proba[order, label]) != 0, True)
        true_positives = np.cumsum(positive[order])[last]
        n_predicted = np.flatnonzero(last) + 1
        recall = true_positives / positive.sum()
        fall_out = (n_predicted - true_positives) / (~positive).sum()
        rates.append(np.interp(GRID, np.append(0, fall_out), np.append(0, recall)))
        precisions.append((true_positives / n_predicted)[np.searchsorted(recall, GRID)])
    return np.array(rates).reshape(-1, len(GRID)), np.array(precisions).reshape(-1, len(GRID))


def plot_roc_pr(
    y_true: np.ndarray, proba: np.ndarray, scores: dict[str, Any], style: dict[str, Any]
) -> Figure:
    """Plot the curves of each class, thin, and their means.

    scores: metrics.json. style: `font_size`, `color`.
    """
    rates, precisions = one_vs_rest_curves(y_true, proba)
    figure, axes = new_figure(height=3.2, width=6.4, font_size=style["font_size"], ncols=2)
    labels = (("false positive rate", "true positive rate"), ("recall", "precision"))
    means = ("ROC AUC", scores["roc_auc"]["macro"]), ("average precision", scores["average_precision"])
    for one, curves, (x, y), (name, value) in zip(axes, (rates, precisions), labels, means, strict=True):
        if len(curves) <= MAX_CLASSES:
            one.plot(GRID, curves.T, color=style["color"], linewidth=0.6, alpha=0.4)
        if len(curves):
            one.plot(GRID, curves.mean(axis=0), color=style["color"])
        if value is not None:
            one.text(0.97, 0.05, f"mean {name} {value:.3f}", ha="right", transform=one.transAxes)
        one.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=x, ylabel=y)
        one.grid()
    axes[0].plot([0, 1], [0, 1], color=PLACEHOLDER_COLOR, alpha=0.5, linewidth=0.8, linestyle=(0, (3, 2)))
    return figure


def alt_text(model: str, scores: dict[str, Any]) -> str:
    """Return a description of the plot."""
    area, precision = scores["roc_auc"]["macro"], scores["average_precision"]
    shown = "undefined" if area is None else f"{area:.3f}"
    return (
        f"ROC and precision-recall curves of {model}, one class versus the rest: the mean ROC AUC is {shown}, the mean "
        f"average precision {precision:.3f}."
    )
