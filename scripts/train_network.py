"""Train a network, going on from its last checkpoint if there is one, and predict the test images with it."""

from pathlib import Path

import numpy as np
import torch

from cifarbench.data.parts import rows_of
from cifarbench.networks import fitting
from cifarbench.networks.building import load, save
from cifarbench.networks.kinds import KINDS
from cifarbench.networks.training import Split, predict_logits
from cifarbench.study.command import run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json
from cifarbench.study.tables import write_table


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    division: list[Path],
    dataset: Path,
    best: list[Path],
    search_costs: list[Path],
    network: Path,
    history: Path,
    predictions: Path,
    fit: Path,
    checkpoints: str,
    checkpoint_seconds: float,
    settings: dict,
    code: str,
    threads: int,
) -> None:
    """Predicts on the CPU even where a GPU has trained, whose answers would differ in their last digits.

    division: of the part of the training images; none for all. best: a grid's choice, if there is one. search_costs:
    of that grid. settings: `model`, `family`, `params`, `chosen`, `features`, `part`, `seed`, and `weights_seed` if the
    initial weights have one of their own. checkpoints: a folder, or an address s3://... of object storage. code: a
    checkpoint that other code wrote is not used.
    """
    settings, about = decided(settings, best), read_json(dataset)
    rows = None
    if division:
        rows, _ = rows_of(settings["part"], len(np.load(train_labels, mmap_mode="r")), np.load(division[0]))
    fitted = fitting.fit(
        settings["params"],
        settings["seed"],
        about,
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

    # As the file has it, and whoever asks it again.
    shape = tuple(about["image_shape"])
    stored = load(network, settings["params"], shape, len(about["classes"]))
    test = Split.load(test_images, test_labels, shape, torch.device("cpu"))
    with Stopwatch() as watch:
        proba = predict_logits(stored, test.images, settings["params"]["test_flips"]).softmax(1).numpy()
    write_predictions(predictions, test.labels.numpy(), proba)
    write_fit(
        fit,
        settings,
        kind=KINDS[settings["family"]],
        fit_costs=[fitted.cost],
        predict_costs=[cost_record(watch.seconds, threads)],
        search_costs=[read_json(path) for path in search_costs],
        stored_bytes=sum(tensor.nbytes for tensor in stored.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in stored.parameters()),
        seed=settings["seed"],
        device=fitted.cost["device"],
    )


if __name__ == "__main__":
    run(main)
