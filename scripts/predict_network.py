"""Predict the test images with a trained network."""

from pathlib import Path

import torch

from cifarbench.networks.building import load
from cifarbench.networks.family import kind_of
from cifarbench.networks.training import Split, predict_logits
from cifarbench.study.command import run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json


def main(
    network: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    best: list[Path],
    fit_costs: list[Path],
    search_costs: list[Path],
    predictions: Path,
    fit: Path,
    settings: dict,
    threads: int,
) -> None:
    """Predict on the CPU: where a GPU would be, the result differs in its last digits, and nobody waits long.

    best: a grid's choice, if there is one. settings: `model`, `family`, `params`, `chosen`, `features`, `seed`.
    """
    torch.set_num_threads(threads)
    settings, about = decided(settings, best), read_json(dataset)
    shape = tuple(about["image_shape"])
    model = load(network, settings["params"], shape, len(about["classes"]))
    test = Split.load(test_images, test_labels, shape, torch.device("cpu"))
    with Stopwatch() as watch:
        proba = predict_logits(model, test.images, settings["params"]["test_flips"]).softmax(1).numpy()
    write_predictions(predictions, test.labels.numpy(), proba)
    costs = [read_json(path) for path in fit_costs]
    write_fit(
        fit,
        settings,
        kind=kind_of(settings),
        fit_costs=costs,
        predict_costs=[cost_record(watch.seconds, threads)],
        search_costs=[read_json(path) for path in search_costs],
        stored_bytes=sum(tensor.nbytes for tensor in model.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in model.parameters()),
        seed=settings["seed"],
        device=costs[0]["device"],
    )


if __name__ == "__main__":
    run(main)
