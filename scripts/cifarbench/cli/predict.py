"""Ask a fitted model of a study about the pictures of any folder."""

import logging
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cifarbench.export.best_model import read_run, select_best_model
from cifarbench.export.image_folder import load_images
from cifarbench.export.model import InferenceModel
from cifarbench.export.predictions import write_predictions, write_predictions_html
from cifarbench.models.saved_model import SavedModel


def main(results: Path, pictures: Path, model: str = "", out: str = "", resize: bool = False) -> None:
    """results: the dataset's folder. pictures: a folder of PNG or JPEG.

    model: the best unless given. out: the folder that gets `predictions.csv` and `predictions.html`;
    <results>/predicted/<name of the pictures' folder> unless given. resize: whether pictures of another size are scaled
    and cut.
    """
    # Libraries tell of themselves; this is a terminal, and no log.
    logging.getLogger().setLevel(logging.WARNING)
    name, chosen = (model, []) if model else select_best_model(read_run(results))
    for sentence in chosen:
        print(sentence)
    stored = SavedModel.read(results, name)
    found = InferenceModel(stored)
    with _bar("reading") as bar:
        known = load_images(pictures, stored, resize, bar.update)
    with _bar("predicting", len(known.paths)) as bar:
        answers = found.predict(known.pixels, bar.update)
    place = Path(out) if out else results / "predicted" / pictures.resolve().name
    write_predictions(place / "predictions.csv", known.paths, answers, stored)
    training = None
    if answers.neighbors is not None:
        training = (
            np.load(stored.path("data/train_images.npy"), mmap_mode="r"),
            np.load(stored.path("data/train_labels.npy")),
        )
    write_predictions_html(place / "predictions.html", known, answers, stored, training, chosen)
    for sentence in known.rejected + known.warnings:
        print(sentence, file=sys.stderr)
    print(f"{name} has answered for {len(known.paths)} pictures; {len(known.rejected)} were left out.")
    print(f"The answers are in {place}/predictions.csv, the pictures in {place}/predictions.html")


def _bar(what: str, total: int | None = None) -> tqdm:
    # disable=None: no bar unless it is a terminal.
    return tqdm(desc=what, total=total, unit="picture", file=sys.stdout, disable=None, leave=False)
