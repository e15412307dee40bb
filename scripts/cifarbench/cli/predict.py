"""Predict the classes of the images in any folder or file with a fitted model."""

import logging
import sys
from pathlib import Path

from tqdm import tqdm

from cifarbench.export.best_model import read_run, select_best_model
from cifarbench.export.inference_images import load_images
from cifarbench.export.inference_model import InferenceModel
from cifarbench.export.predictions import COLUMNS, prediction_rows, unknown_threshold, write_predictions_html
from cifarbench.io.csv_io import write_rows
from cifarbench.models.saved_model import SavedModel


def main(results: Path, images: Path, model: str = "", out: str = "", resize: bool = False) -> None:
    """Write `predictions.csv` and `predictions.html`.

    results: the dataset's folder. images: a folder of images, a zip, tar, table (CSV), .npz or Parquet file. model: the
    best unless given. out: for both files; <results>/predicted/<name of the images> unless given. resize: whether to
    scale and crop images of another size.
    """
    # Libraries log to this terminal, too.
    logging.getLogger().setLevel(logging.WARNING)
    name, reasons = (model, []) if model else select_best_model(read_run(results))
    for sentence in reasons:
        print(sentence)
    stored = SavedModel.read(results, name)
    fitted = InferenceModel(stored)
    with _progress_bar("reading") as bar:
        loaded = load_images(images, stored, resize, bar.update)
    with _progress_bar("predicting", len(loaded.paths)) as bar:
        predictions = fitted.predict(loaded.pixels, bar.update)
    folder = Path(out) if out else results / "predicted" / images.resolve().name
    threshold = unknown_threshold(stored)
    rows = prediction_rows(loaded.paths, predictions, stored, threshold)
    write_rows(folder / "predictions.csv", rows, COLUMNS)
    write_predictions_html(
        folder / "predictions.html", loaded, rows, predictions.neighbors, stored, reasons, threshold
    )
    for sentence in loaded.rejected + loaded.warnings:
        print(sentence, file=sys.stderr)
    print(
        f"Images that {name} has classified: {len(loaded.paths)}; files that were skipped: {len(loaded.rejected)}."
    )
    if threshold is not None:
        print(
            f"{sum(row['unknown'] for row in rows)} of them are marked unknown: their probability is below "
            f"{threshold:.3f}, as for 5% of the test images."
        )
    print(f"The predictions are in {folder}/predictions.csv, with the images in {folder}/predictions.html")


def _progress_bar(description: str, total: int | None = None) -> tqdm:
    # disable=None: no bar unless it is a terminal.
    return tqdm(desc=description, total=total, unit="image", file=sys.stdout, disable=None, leave=False)
