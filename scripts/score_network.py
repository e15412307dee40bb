"""Score one cell of a network's grid: train one candidate on a fold, and ask it for what the fold leaves out."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.networks.fitting import fit
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_json


def main(
    train_images: Path,
    train_labels: Path,
    division: Path,
    dataset: Path,
    cell: Path,
    checkpoints: str,
    checkpoint_seconds: float,
    settings: dict,
    code: str,
    threads: int,
) -> None:
    """settings: `params`, `part`, `seed`. code: a checkpoint that other code wrote is not used."""
    n_train = len(np.load(train_labels, mmap_mode="r"))
    rows, left_out = rows_of(settings["part"], n_train, np.load(division))
    fitted = fit(
        settings["params"],
        settings["seed"],
        read_json(dataset),
        (train_images, train_labels, rows),
        (train_images, train_labels, left_out),
        checkpoints=checkpoints,
        checkpoint_seconds=checkpoint_seconds,
        code=code,
        threads=threads,
        streamed=settings.get("streamed", False),
        # The last epoch counts, as it does for the test images.
        test_each_epoch=False,
    )
    correct = round(fitted.history[-1]["test_accuracy"] * len(left_out))
    write_json(cell, {"correct": {"": correct}, "validation": len(left_out), "cost": fitted.cost})


if __name__ == "__main__":
    run(main)
