"""What a model says of a folder's pictures: a table, and a page of them, the doubtful ones first."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from cifarbench.export.image_folder import LoadedImages
from cifarbench.export.templating import render_template
from cifarbench.io.atomic import write_text
from cifarbench.io.csv_io import write_csv
from cifarbench.models.saved_model import Predictions, SavedModel

# Of the pictures on a page, which holds them all: so that it opens at once.
MAX_PICTURES, MAX_PIXELS = 1000, 2**24


def write_predictions(path: Path, files: list[str], answers: Predictions, stored: SavedModel) -> None:
    """`file`, `class`, `probability`, `second_class`, `second_probability`, a row a picture, in the files' order.

    Probabilities are empty for a model that gives none, and so is then the second class.
    """
    classes, second = stored.dataset["classes"], _second(answers)
    given, rows = stored.fit["probabilities"], np.arange(len(files))
    nothing = [None] * len(files)
    write_csv(
        path,
        {
            "file": files,
            "class": [classes[label] for label in answers.y_pred],
            "probability": answers.proba[rows, answers.y_pred].tolist() if given else nothing,
            "second_class": [classes[label] for label in second] if given else nothing,
            "second_probability": answers.proba[rows, second].tolist() if given else nothing,
        },
    )


def write_predictions_html(
    path: Path,
    pictures: LoadedImages,
    answers: Predictions,
    stored: SavedModel,
    training: tuple[np.ndarray, np.ndarray] | None,
    chosen: list[str],
) -> None:
    """The pictures as the model saw them, with what it says of each, sorted by doubt.

    training: images (N, D) and labels (N,) that `answers.neighbors` are rows of; None for a model without. chosen: why
    it was this model, a sentence each.
    """
    classes, shape = stored.dataset["classes"], stored.image_shape
    rows = np.arange(len(pictures.paths))
    sure = answers.proba[rows, answers.y_pred]
    second = _second(answers)
    order = np.lexsort((rows, sure)) if stored.fit["probabilities"] else rows
    order = order[: min(MAX_PICTURES, MAX_PIXELS // int(np.prod(shape)))]
    shown = [
        {
            "file": pictures.paths[row],
            "source": _source(pictures.pixels[row], shape),
            "class": classes[answers.y_pred[row]],
            "probability": float(sure[row]),
            "second_class": classes[second[row]],
            "second_probability": float(answers.proba[row, second[row]]),
            "neighbors": [
                {"source": _source(training[0][one], shape), "class": classes[training[1][one]]}
                for one in answers.neighbors[row]
            ]
            if training
            else [],
        }
        for row in order
    ]
    page = render_template(
        "predictions.html.j2",
        shown=shown,
        stored=stored,
        pictures=pictures,
        chosen=chosen,
        # Small pictures are shown larger, each pixel a square.
        side=max(96, min(192, shape[2])),
    )
    write_text(path, page)


def _second(answers: Predictions) -> np.ndarray:
    """The likeliest class beside the predicted one, (N,)."""
    others = answers.proba.copy()
    others[np.arange(len(others)), answers.y_pred] = -1
    return others.argmax(axis=1)


def _source(pixels: np.ndarray, image_shape: tuple[int, int, int]) -> str:
    """An image (D,) uint8 as a PNG inside an address."""
    file = io.BytesIO()
    image = pixels.reshape(image_shape).transpose(1, 2, 0)
    Image.fromarray(image[:, :, 0] if image_shape[0] == 1 else image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
