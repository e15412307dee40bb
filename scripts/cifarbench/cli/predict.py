"""Ask a fitted model of a study about the pictures of any folder."""

import logging
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cifarbench.export.folder import read_pictures
from cifarbench.export.model import Model
from cifarbench.export.predictions import write_page, write_predictions
from cifarbench.export.winner import read_run, winner
from cifarbench.study.stored import Stored


def main(results: Path, pictures: Path, model: str = "", out: str = "", resize: bool = False) -> None:
    """results: the dataset's folder. pictures: a folder of PNG or JPEG.

    model: the best unless given. out: the folder that gets `predictions.csv` and `predictions.html`;
    <results>/predicted/<name of the pictures' folder> unless given. resize: whether pictures of another size are scaled
    and cut.
    """
    # Libraries tell of themselves; this is a terminal, and no log.
    logging.getLogger().setLevel(logging.WARNING)
    name, chosen = (model, []) if model else winner(read_run(results))
    for sentence in chosen:
        print(sentence)
    stored = Stored.read(results, name)
    found = Model(stored)
    with _bar("reading") as bar:
        known = read_pictures(pictures, stored, resize, bar.update)
    with _bar("predicting", len(known.files)) as bar:
        answers = found.predict(known.pixels, bar.update)
    place = Path(out) if out else results / "predicted" / pictures.resolve().name
    write_predictions(place / "predictions.csv", known.files, answers, stored)
    training = None
    if answers.neighbors is not None:
        training = (
            np.load(stored.within("data/train_images.npy"), mmap_mode="r"),
            np.load(stored.within("data/train_labels.npy")),
        )
    write_page(place / "predictions.html", known, answers, stored, training, chosen)
    for sentence in known.refused + known.remarks:
        print(sentence, file=sys.stderr)
    print(f"{name} has answered for {len(known.files)} pictures; {len(known.refused)} were left out.")
    print(f"The answers are in {place}/predictions.csv, the pictures in {place}/predictions.html")


def _bar(what: str, total: int | None = None) -> tqdm:
    # disable=None: no bar unless it is a terminal.
    return tqdm(desc=what, total=total, unit="picture", file=sys.stdout, disable=None, leave=False)
