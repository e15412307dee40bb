"""Images that every model gets wrong, and images that one model alone gets right."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cifarbench.figures.pictures import PLATE, Tile, as_pictures, draw, in_rows

COLUMNS = 5
EXAMPLES_OF_A_MODEL = 8
NO_MODEL = "No model has looked at the images."


def draw_always_wrong(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """Random images that every model gets wrong, with the class that most models take them for.

    pixels: (N, C*H*W) uint8, all test images. agreement: agreement.json. style: `font_size`, `n_pictures`,
    `seed`.
    """
    wrong = agreement["all_wrong"]
    if not agreement["n_models"]:
        return draw([[]], COLUMNS, style, [NO_MODEL])
    chosen = _some(wrong["count"], style["n_pictures"], style["seed"])
    if not len(chosen):
        return draw([[]], COLUMNS, style, ["Every image is named rightly by a model at least."])
    images = as_pictures(pixels[np.array(wrong["indices"])[chosen]], image_shape)
    words = [
        f"{wrong['votes'][i]} of {agreement['n_models']}: {wrong['predicted'][i]}\ntrue: {wrong['true'][i]}"
        for i in chosen
    ]
    tiles = [Tile(image, text, PLATE) for image, text in zip(images, words, strict=True)]
    return draw(in_rows(tiles, COLUMNS), COLUMNS, style)


def draw_only_one_right(
    pixels: np.ndarray, agreement: dict[str, Any], image_shape: list[int], style: dict[str, Any]
) -> Figure:
    """A row for each model: random images that it gets right and every other gets wrong."""
    rows, heads = [], []
    for model, alone in agreement["only_one_right"].items():
        chosen = _some(alone["count"], EXAMPLES_OF_A_MODEL, style["seed"])
        indices = np.array(alone["indices"], dtype=int)[chosen]
        rows.append([Tile(image) for image in as_pictures(pixels[indices], image_shape)])
        heads.append(f"only {model} is right: {alone['count']} of {agreement['n_test']} images")
    return draw(rows or [[]], EXAMPLES_OF_A_MODEL, style, heads or [NO_MODEL])


def _some(n: int, most: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(n, size=min(n, most), replace=False)
