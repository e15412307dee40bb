"""Train the network of a job, from its files: device, seed, checkpoints, loop."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cifarbench.io.atomic import sha256_file
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.factory import build_model
from cifarbench.models.networks.gpu_lock import acquire_gpu
from cifarbench.models.networks.preprocessing import preprocess
from cifarbench.models.networks.training import Row, Split, train
from cifarbench.models.networks.training_config import TRAINING_PARAMS, TrainingConfig
from cifarbench.runtime.timing import resource_usage

# Training images that a network with `prepare` sees before it is trained.
N_PREPARATION_IMAGES = 2000

Rows = np.ndarray | None
# Some images and their labels: two files, and which rows of them; all if None.
Part = tuple[Path, Path, Rows]


@dataclass(frozen=True)
class FitResult:
    """A trained network, its history (a row an epoch), and what it cost, ready for JSON."""

    network: nn.Module
    history: list[Row]
    cost: dict[str, Any]


def fit_network(
    params: dict[str, Any],
    seed: int,
    dataset: dict[str, Any],
    training: Part,
    test: Part,
    *,
    checkpoints: str | Path,
    checkpoint_interval_seconds: float,
    code: str,
    threads: int,
    init_seed: int | None = None,
    streamed: bool = False,
    test_each_epoch: bool = True,
) -> FitResult:
    """Train the network of an entry on one part of the images and test it on another, after each epoch or the last.

    params: its hyperparameters. dataset: the content of dataset.json. checkpoints: a folder, or an address s3://... of
    object storage. code: a checkpoint that other code wrote is not used. init_seed: the seed of the initial weights, if
    not `seed`, which drives the rest as always. streamed: whether training images are read as they are needed. The
    training takes a free GPU, if there is one. A network with a method `prepare` gets some preprocessed training images
    before it is trained.
    """
    acquire_gpu()
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    shape = tuple(dataset["image_shape"])
    recipe = TrainingConfig.from_params(params)
    network = build_model(params, shape, len(dataset["classes"]))
    if init_seed is not None:
        with torch.random.fork_rng():
            torch.manual_seed(init_seed)
            network = build_model(params, shape, len(dataset["classes"]))
    network.to(device)
    splits = [
        Split.load(images, labels, shape, device, rows, streamed and part is training)
        for part in (training, test)
        for images, labels, rows in [part]
    ]
    if hasattr(network, "prepare"):
        network.prepare(preprocess(splits[0].head(N_PREPARATION_IMAGES)))
    belongs_to = {
        "params": {name: value for name, value in params.items() if name not in TRAINING_PARAMS}
        | recipe.checkpoint_key(),
        "seed": seed,
        **({} if init_seed is None else {"init_seed": init_seed}),
        "data": [sha256_file(path) for images, labels, _ in (training, test) for path in (images, labels)],
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
        checkpoint_interval_seconds=checkpoint_interval_seconds,
        test_each_epoch=test_each_epoch,
    )
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return FitResult(network, history, {**resource_usage(seconds, threads), "device": name})
