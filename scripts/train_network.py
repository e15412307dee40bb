"""Train a network, going on from its last checkpoint if there is one."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.networks.building import save
from cifarbench.networks.fitting import fit
from cifarbench.study.command import run
from cifarbench.study.contract import decided
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    division: list[Path],
    dataset: Path,
    best: list[Path],
    network: Path,
    history: Path,
    cost: Path,
    checkpoints: str,
    checkpoint_seconds: float,
    settings: dict,
    code: str,
    threads: int,
) -> None:
    """division: of the part of the training images; none for all. best: a grid's choice, if there is one.

    settings: `params`, `chosen`, `features`, `part`, `seed`, and `weights_seed` if the initial weights have one
    of their own. checkpoints: a folder, or an address s3://... of object storage. code: a checkpoint that other code
    wrote is not used.
    """
    rows = None
    if division:
        rows, _ = rows_of(settings["part"], len(np.load(train_labels, mmap_mode="r")), np.load(division[0]))
    fitted = fit(
        decided(settings, best)["params"],
        settings["seed"],
        read_json(dataset),
        (train_images, train_labels, rows),
        (test_images, test_labels, None),
        checkpoints=checkpoints,
        checkpoint_seconds=checkpoint_seconds,
        code=code,
        threads=threads,
        weights_seed=settings.get("weights_seed"),
        streamed=settings.get("streamed", False),
        # A part of the images is trained on for what comes of it; how it came is told of the whole.
        test_each_epoch=rows is None,
    )
    save(network, fitted.network)
    write_table(history, {name: [row[name] for row in fitted.history] for name in fitted.history[0]})
    write_json(cost, fitted.cost)


if __name__ == "__main__":
    run(main)
