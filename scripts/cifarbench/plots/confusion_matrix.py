"""Confusion matrix."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.style import MAX_NAME_LENGTH, annotate_cell, new_figure, setup_table_axes, shorten

# With more classes, counts would be too small to read.
MAX_CLASSES_WITH_COUNTS = 20
# With more classes, the most confused ones are shown.
MAX_CLASSES = 40
# Points: font of the labels of many classes.
MIN_FONT_SIZE = 6


def plot_confusion_matrix(matrix: np.ndarray, classes: list[str], style: dict[str, Any]) -> Figure:
    """Plot counts of test images by true (rows) and predicted class (columns).

    matrix: (n_classes, n_classes) int, as in metrics.json. style: `font_size`, `color`. Color is the share of the true
    class, raised for small shares, on the same scale for all models.
    """
    shown = select_classes(matrix)
    shares = (matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))[np.ix_(shown, shown)]
    matrix = matrix[np.ix_(shown, shown)]
    classes = [shorten(classes[row], MAX_NAME_LENGTH) for row in shown]
    n = len(classes)
    figure, axes = new_figure(height=5.6, font_size=style["font_size"])
    setup_table_axes(axes, classes, classes)
    for row, column in np.ndindex(matrix.shape):
        text_color = annotate_cell(axes, column, row, style["color"], shares[row, column] ** 0.65)
        if n <= MAX_CLASSES_WITH_COUNTS:
            count = matrix[row, column]
            look = {"alpha": 1 if count else 0.35, "weight": "bold" if row == column else "normal"}
            axes.text(column, row, f"{count}", color=text_color, ha="center", va="center", **look)
    if n > MAX_CLASSES_WITH_COUNTS:
        axes.tick_params(labelsize=min(style["font_size"], MIN_FONT_SIZE))
        axes.set_xticks(range(n), classes, rotation=90)
    elif max(map(len, classes)) > 4:
        axes.set_xticks(range(n), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(xlabel="predicted class", ylabel="true class")
    return figure


def select_classes(matrix: np.ndarray) -> np.ndarray:
    """Return the indices of the classes to show, ascending: all, or the MAX_CLASSES most confused ones."""
    if len(matrix) <= MAX_CLASSES:
        return np.arange(len(matrix))
    confusions = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diagonal(matrix)
    return np.sort(np.argsort(-confusions, kind="stable")[:MAX_CLASSES])


def alt_text(model: str, matrix: np.ndarray, classes: list[str]) -> str:
    """Return a description of the plot."""
    wrong = np.where(np.eye(len(classes), dtype=bool), 0, matrix)
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    text = f"Confusion matrix of {model}: {np.trace(matrix)} of {matrix.sum()} test images on the diagonal"
    if len(classes) > MAX_CLASSES:
        text += f"; of {len(classes)} classes, the {MAX_CLASSES} most confused ones are shown"
    if not wrong.any():
        return f"{text}."
    return f"{text}; most frequent error ({wrong.max()} images): {classes[true]}, predicted as {classes[predicted]}."
