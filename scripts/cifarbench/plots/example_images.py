"""Test images with their predictions, and those on which models disagree."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.plots.image_grid import (
    BACKGROUND,
    MAX_CAPTION_NAME_LENGTH,
    Tile,
    chunk,
    plot_image_grid,
    to_rgb,
)
from cifarbench.plots.style import MAX_NAME_LENGTH, shorten

# Columns of grids whose images have captions, and of those whose rows have a header.
CAPTION_COLUMNS = 5
HEADER_COLUMNS = 8
# Rows of a plot with one row per model; the tables of the report list all models.
MAX_ROWS = 8
NO_MODEL_TEXT = "No model has predictions."


def sample_indices(n: int, max_n: int, seed: int) -> np.ndarray:
    """Return up to `max_n` random indices below `n`, the same for the same seed."""
    return np.random.default_rng(seed).choice(n, size=min(max_n, n), replace=False)


def plot_predictions(
    pixels: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    classes: list[str],
    image_shape: list[int],
    style: dict[str, Any],
) -> Figure:
    """Plot images with predicted class; wrong predictions have a cross, another color and the true class.

    pixels: (n, C*H*W) uint8. true, predicted: (n,) int. style: `font_size`, `correct_color`, `error_color`.
    """
    names = [shorten(name, MAX_CAPTION_NAME_LENGTH) for name in classes]
    tiles = []
    for image, t, p in zip(to_rgb(pixels, image_shape), true, predicted, strict=True):
        if t == p:
            tiles.append(Tile(image, f"✓ {names[p]}", style["correct_color"]))
        else:
            tiles.append(Tile(image, f"✗ {names[p]}\ntrue: {names[t]}", style["error_color"]))
    return plot_image_grid(chunk(tiles, CAPTION_COLUMNS), CAPTION_COLUMNS, style)


def plot_confused_pairs(
    pixels: np.ndarray, pairs: list[dict[str, Any]], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Plot the images of the most confused pairs of classes, one row per pair, the most confident first.

    pixels: (N, C*H*W) uint8, all test images. pairs: `confused_pairs` of metrics.json. style: `font_size`.
    """
    rows = []
    for pair in pairs:
        true, predicted = (shorten(pair[name], MAX_NAME_LENGTH) for name in ("true_class", "predicted_class"))
        images = "image" if pair["count"] == 1 else "images"
        header = (
            f"{true}, predicted as {predicted}: {pair['count']} {images}, {pair['rate']:.1%} of the class"
        )
        rows.append((header, pair["indices"]))
    return _plot_rows(rows, pixels, image_shape, style, empty="No image is misclassified.")


def plot_misclassified_by_all(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Plot random images that every model misclassifies, with the class that most models predict.

    pixels: (N, C*H*W) uint8, all test images. agreement: model_agreement.json. style: `font_size`, `n_images`,
    `seed`.
    """
    wrong, n_models = agreement["correct_by_none"], agreement["n_models"]
    if not wrong["count"] or not n_models:
        text = "Every image is classified correctly by at least one model." if n_models else NO_MODEL_TEXT
        return plot_image_grid([[]], CAPTION_COLUMNS, style, [text])
    tiles = []
    for i in sample_indices(wrong["count"], style["n_images"], style["seed"]):
        (image,) = to_rgb(pixels[wrong["indices"][i]][None], image_shape)
        true, predicted = (shorten(wrong[name][i], MAX_CAPTION_NAME_LENGTH) for name in ("true", "predicted"))
        tiles.append(Tile(image, f"{wrong['votes'][i]} of {n_models}: {predicted}\ntrue: {true}", BACKGROUND))
    return plot_image_grid(chunk(tiles, CAPTION_COLUMNS), CAPTION_COLUMNS, style)


def plot_correct_by_one(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Plot random images that only one model classifies correctly, one row for each of the models with most of them."""
    images = agreement["correct_by_one"]
    shown = sorted(images, key=lambda model: -images[model]["count"])[:MAX_ROWS]
    rows = [
        _sample_row(f"only {model} is correct", images[model], agreement, style)
        for model in images
        if model in shown
    ]
    return _plot_rows(rows, pixels, image_shape, style, empty=NO_MODEL_TEXT)


def plot_family_disagreements(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Plot random images on which the best model and the best model of another family disagree, one row per model."""
    best, runners_up = agreement["per_family"]["best"], agreement["per_family"]["others"][:MAX_ROWS]
    rows = [
        _sample_row(
            f"of these, only {best} is correct", agreement["per_family"]["only_best"], agreement, style
        )
    ]
    for other in runners_up:
        text = f"{other['model']} is correct, {best} is not"
        rows.append(_sample_row(text, other["only_other"], agreement, style))
    empty = "All models are of one family." if best else NO_MODEL_TEXT
    return _plot_rows(rows if runners_up else [], pixels, image_shape, style, empty)


def _sample_row(
    text: str, images: dict[str, Any], agreement: dict[str, Any], style: dict[str, Any]
) -> tuple[str, list[int]]:
    """Return a row's header and the indices of its images."""
    chosen = sample_indices(images["count"], HEADER_COLUMNS, style["seed"])
    header = f"{text}: {images['count']} of {agreement['n_test']} images"
    return header, [images["indices"][i] for i in chosen]


def _plot_rows(
    rows: list[tuple[str, list[int]]],
    pixels: np.ndarray,
    image_shape: list[int],
    style: dict[str, Any],
    empty: str,
) -> Figure:
    """Plot rows of images below their headers; `empty` if there is no row."""
    tiles = [
        [Tile(image) for image in to_rgb(pixels[np.array(indices, dtype=int)], image_shape)]
        for _, indices in rows
    ]
    return plot_image_grid(tiles or [[]], HEADER_COLUMNS, style, [header for header, _ in rows] or [empty])
