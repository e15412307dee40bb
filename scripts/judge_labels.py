"""Find labels that are likely wrong, by predictions of models that have not seen them."""

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import files, labels
from cifarbench.audit.images import shows_nothing
from cifarbench.audit.predictions import out_of_fold
from cifarbench.study.blocks import Joined
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    table: Path,
    summary: Path,
    settings: dict,
    threads: int = 1,
) -> None:
    """settings: `seed`."""
    about = read_json(dataset)
    classes, shape = about["classes"], tuple(about["image_shape"])
    images = Joined(*(np.load(path, mmap_mode="r") for path in (train_images, test_images)))
    given = np.concatenate([np.load(path) for path in (train_labels, test_labels)])
    with threadpool_limits(threads):
        proba = out_of_fold(images, given, len(classes), shape, settings["seed"], table.parent)
        found = labels.doubt(proba, given, shows_nothing(images, shape))
    splits, indices = (values.tolist() for values in files.place(found.place, about))
    write_table(
        table,
        {
            "split": splits,
            "index": indices,
            "given": [classes[label] for label in given[found.place]],
            "likely": [classes[label] for label in found.likely],
            "score": found.score.round(6).tolist(),
            "file": files.of(files.names(about), splits, indices),
        },
    )
    write_json(summary, {"accuracy": found.accuracy})


if __name__ == "__main__":
    run(main)
