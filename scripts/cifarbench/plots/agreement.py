"""Images that every model gets wrong, and images that one model alone gets right."""

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
from cifarbench.plots.style import shorten

COLUMNS = 5
N_EXAMPLES_PER_MODEL = 8
# More rows can't be taken in; the table has them.
MAX_ROWS = 8
NO_MODEL_TEXT = "No model has looked at the images."


def plot_misclassified_by_all(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Random images that every model gets wrong, with the class that most models take them for.

    pixels: (N, C*H*W) uint8, all test images. agreement: model_agreement.json. style: `font_size`, `n_images`,
    `seed`.
    """
    wrong = agreement["correct_by_none"]
    if not agreement["n_models"]:
        return plot_image_grid([[]], COLUMNS, style, [NO_MODEL_TEXT])
    chosen = _some(wrong["count"], style["n_images"], style["seed"])
    if not len(chosen):
        return plot_image_grid([[]], COLUMNS, style, ["Every image is named rightly by a model at least."])
    images = to_rgb(pixels[np.array(wrong["indices"])[chosen]], image_shape)
    words = [
        f"{wrong['votes'][i]} of {agreement['n_models']}: {shorten(wrong['predicted'][i], MAX_CAPTION_NAME_LENGTH)}\n"
        f"true: {shorten(wrong['true'][i], MAX_CAPTION_NAME_LENGTH)}"
        for i in chosen
    ]
    tiles = [Tile(image, text, BACKGROUND) for image, text in zip(images, words, strict=True)]
    return plot_image_grid(chunk(tiles, COLUMNS), COLUMNS, style)


def plot_correct_by_one(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """A row for each model: random images that it gets right and every other gets wrong.

    Of many models, a row for each of those that have the most such images.
    """
    found = agreement["correct_by_one"]
    most = sorted(found, key=lambda model: -found[model]["count"])[:MAX_ROWS]
    rows = [
        (f"only {model} is right: {alone['count']} of {agreement['n_test']} images", alone)
        for model, alone in found.items()
        if model in most
    ]
    return _rows_of_images(rows, pixels, image_shape, style)


def plot_family_disagreements(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Random images that the most accurate model alone gets right, among the best of each kind, and the reverse.

    agreement: model_agreement.json, of which `rivals` are drawn: a row for the best model, and one for each rival.
    """
    found = agreement["per_family"]
    best, others = found["best"], found["others"][:MAX_ROWS]
    if not others:
        return plot_image_grid(
            [[]], N_EXAMPLES_PER_MODEL, style, ["All models are of one kind." if best else NO_MODEL_TEXT]
        )
    n_test = agreement["n_test"]
    rows = [(f"only {best} is right: {found['only_best']['count']} of {n_test} images", found["only_best"])]
    for one in others:
        alone = one["only_other"]
        rows.append((f"{one['model']} is right, {best} is wrong: {alone['count']} of {n_test} images", alone))
    return _rows_of_images(rows, pixels, image_shape, style)


def _rows_of_images(
    rows: list[tuple[str, dict[str, Any]]], pixels: np.ndarray, image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Random ones of the images of each row, under its head."""
    tiles = []
    for _, images in rows:
        chosen = _some(images["count"], N_EXAMPLES_PER_MODEL, style["seed"])
        indices = np.array(images["indices"], dtype=int)[chosen]
        tiles.append([Tile(image) for image in to_rgb(pixels[indices], image_shape)])
    return plot_image_grid(
        tiles or [[]], N_EXAMPLES_PER_MODEL, style, [head for head, _ in rows] or [NO_MODEL_TEXT]
    )


def _some(n: int, most: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(n, size=min(n, most), replace=False)
