"""Train the network of a job, from its files: device, seed, checkpoints, loop."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cifarbench.networks.building import build
from cifarbench.networks.checkpoints import Checkpoints
from cifarbench.networks.devices import claim_device
from cifarbench.networks.inputs import preprocess
from cifarbench.networks.recipe import NAMES, Recipe
from cifarbench.networks.training import Row, Split, train
from cifarbench.study.cost import cost_record
from cifarbench.study.files import checksum

# Training images that a network with `prepare` sees before it is trained.
PREPARED_ON = 2000

Rows = np.ndarray | None
# Some images and their labels: two files, and which rows of them; all if None.
Part = tuple[Path, Path, Rows]


@dataclass(frozen=True)
class Fitted:
    """A trained network, its history (a row an epoch), and what it cost, ready for JSON."""

    network: nn.Module
    history: list[Row]
    cost: dict[str, Any]


def fit(
    params: dict[str, Any],
    seed: int,
    about: dict[str, Any],
    training: Part,
    test: Part,
    *,
    checkpoints: str | Path,
    checkpoint_seconds: float,
    code: str,
    threads: int,
    weights_seed: int | None = None,
    streamed: bool = False,
    test_each_epoch: bool = True,
) -> Fitted:
    """Train the network of an entry on one part of the images, and look at another, after each epoch or the last.

    params: its hyperparameters. about: dataset.json. checkpoints: a folder, or an address s3://... of object storage.
    code: a checkpoint that other code wrote is not used. weights_seed: that of the initial weights, if another one;
    `seed` then drives the rest as it always does. streamed: whether training images are read as they are needed. It
    takes a GPU of the machine for itself, if there is one. A network that has a method `prepare` is given some training
    images, preprocessed, before it is trained.
    """
    claim_device()
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    shape = tuple(about["image_shape"])
    recipe = Recipe.of(params)
    network = build(params, shape, len(about["classes"]))
    if weights_seed is not None:
        with torch.random.fork_rng():
            torch.manual_seed(weights_seed)
            network = build(params, shape, len(about["classes"]))
    network.to(device)
    splits = [
        Split.load(images, labels, shape, device, rows, streamed and part is training)
        for part in (training, test)
        for images, labels, rows in [part]
    ]
    if hasattr(network, "prepare"):
        network.prepare(preprocess(splits[0].first(PREPARED_ON)))
    belongs_to = {
        "params": {name: value for name, value in params.items() if name not in NAMES} | recipe.belongs_to(),
        "seed": seed,
        **({} if weights_seed is None else {"weights_seed": weights_seed}),
        "data": [checksum(path) for images, labels, _ in (training, test) for path in (images, labels)],
        "rows": [None if rows is None else sha256(rows).hexdigest() for _, _, rows in (training, test)],
        "code": code,
        "torch": torch.__version__,
        **({"streamed": True} if streamed else {}),
    }
    history, seconds = train(
        network,
        *splits,
        recipe,
        seed=seed,
        checkpoints=Checkpoints(checkpoints, belongs_to),
        checkpoint_seconds=checkpoint_seconds,
        test_each_epoch=test_each_epoch,
    )
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return Fitted(network, history, {**cost_record(seconds, threads), "device": name})
