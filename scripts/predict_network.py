"""Predict the test images with a trained network."""

from pathlib import Path

import numpy as np
import torch

from cifarbench.networks.perceptron import load
from cifarbench.networks.training import predict_logits
from cifarbench.study.command import run
from cifarbench.study.contract import write_fit, write_predictions
from cifarbench.study.cost import Stopwatch
from cifarbench.study.files import read_json


def main(
    network: Path,
    test_images: Path,
    test_labels: Path,
    cost: Path,
    predictions: Path,
    fit: Path,
    settings: dict,
    threads: int,
) -> None:
    """Predict on the CPU: where a GPU would be, the result differs in its last digits, and nobody waits long.

    settings: `model`, `family`, `params` and `seed`, for fit.json.
    """
    torch.set_num_threads(threads)
    model, training = load(network), read_json(cost)
    images = torch.from_numpy(np.load(test_images))
    with Stopwatch() as watch:
        proba = predict_logits(model, images).softmax(1).numpy()
    write_predictions(predictions, np.load(test_labels), proba)
    weights = list(model.parameters())
    write_fit(
        fit,
        settings,
        fitting=training,
        predict_seconds=watch.seconds,
        stored_bytes=sum(tensor.nbytes for tensor in model.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in weights),
        device=training["device"],
    )


if __name__ == "__main__":
    run(main)
