"""Write a model's predictions for a folder of images as a table, and as a page with the least confident first."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cifarbench.export.inference_images import LoadedImages
from cifarbench.export.templating import render_template
from cifarbench.io.atomic import load_npz, write_text
from cifarbench.models.saved_model import Predictions, SavedModel

# Largest number of images on a page, which embeds them.
MAX_IMAGES = 1000
# Largest number of pixel values on a page.
MAX_VALUES = 2**24
COLUMNS = ("file", "class", "probability", "second_class", "second_probability", "unknown")
# One in this many of the run's test images has a probability below the threshold of unknown images.
UNKNOWN_DIVISOR = 20


def unknown_threshold(stored: SavedModel) -> float | None:
    """Return the probability below which a prediction is unknown; None for a model without probabilities.

    It is that of the test images' predictions, of which 5% are below.
    """
    if not stored.fit["has_probabilities"]:
        return None
    predictions = load_npz(stored.file("predictions.npz"))
    proba = np.take_along_axis(predictions["proba"], predictions["y_pred"][:, None], axis=1)[:, 0]
    return float(np.sort(proba)[len(proba) // UNKNOWN_DIVISOR])


def prediction_rows(
    paths: list[str], predictions: Predictions, stored: SavedModel, threshold: float | None = None
) -> list[dict[str, Any]]:
    """Return one row of COLUMNS for each image, in the order of the files.

    Probabilities, the second class and `unknown` are None for a model without probabilities. threshold: of
    `unknown_threshold`.
    """
    classes, with_proba = stored.dataset["classes"], stored.fit["has_probabilities"]
    without_first = predictions.proba.copy()
    without_first[np.arange(len(paths)), predictions.y_pred] = -1
    seconds = without_first.argmax(axis=1)
    rows = []
    for path, proba, first, second in zip(paths, predictions.proba, predictions.y_pred, seconds, strict=True):
        rest = (float(proba[first]), classes[second], float(proba[second])) if with_proba else (None,) * 3
        unknown = None if threshold is None else bool(proba[first] < threshold)
        rows.append(dict(zip(COLUMNS, (path, classes[first], *rest, unknown), strict=True)))
    return rows


def write_predictions_html(
    path: Path,
    images: LoadedImages,
    rows: list[dict[str, Any]],
    neighbors: np.ndarray | None,
    stored: SavedModel,
    reasons: list[str],
    threshold: float | None = None,
) -> None:
    """Write a page of the images, as inputs of the model, with its predictions, the least confident first.

    rows: of `prediction_rows`. neighbors: (N, K), indices of the nearest training images; None for models without
    neighbors. reasons: for the selection of this model, one sentence each. threshold: of `unknown_threshold`.
    """
    shape, order = stored.image_shape, np.arange(len(rows))
    if stored.fit["has_probabilities"]:
        order = np.argsort([row["probability"] for row in rows], kind="stable")
    if neighbors is not None:
        train_images = np.load(stored.path("data/train_images.npy"), mmap_mode="r")
        train_classes = np.array(stored.dataset["classes"])[np.load(stored.path("data/train_labels.npy"))]
    shown = []
    for index in order[: min(MAX_IMAGES, MAX_VALUES // int(np.prod(shape)))]:
        nearest = [] if neighbors is None else neighbors[index]
        shown.append(
            rows[index]
            | {
                "source": _data_url(images.pixels[index], shape),
                "neighbors": [
                    {"source": _data_url(train_images[row], shape), "class": train_classes[row]}
                    for row in nearest
                ],
            }
        )
    # Small images are enlarged without smoothing.
    side = max(96, min(192, shape[2]))
    page = render_template(
        "predictions.html.j2",
        shown=shown,
        stored=stored,
        images=images,
        reasons=reasons,
        side=side,
        threshold=threshold,
    )
    write_text(path, page)


def _data_url(pixels: np.ndarray, image_shape: tuple[int, int, int]) -> str:
    """Return an image (D,) uint8 as the data URL of a PNG."""
    file = io.BytesIO()
    image = pixels.reshape(image_shape).transpose(1, 2, 0)
    Image.fromarray(image[:, :, 0] if image_shape[0] == 1 else image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
