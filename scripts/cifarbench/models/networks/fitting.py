"""Train the network of a job, from its files: device, seed, checkpoints, loop."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from cifarbench.io.atomic import sha256_file
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.early_stopping import hold_out, summarize
from cifarbench.models.networks.factory import build_model
from cifarbench.models.networks.gpu_lock import acquire_gpu
from cifarbench.models.networks.preprocessing import has_bfloat16, preprocess
from cifarbench.models.networks.training import Row, Split, train
from cifarbench.models.networks.training_config import TRAINING_PARAMS, TrainingConfig
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import resource_usage

# Training images that are passed to a network's `prepare`, unless it has its own `n_preparation_images`.
N_PREPARATION_IMAGES = 2000

# Files of images and labels, and the rows of them; all if None.
Subset = tuple[Path, Path, np.ndarray | None]


class FitResult(NamedTuple):
    """A trained network, its history (one row per epoch), its device, and what it cost, ready for JSON.

    facts: further values of fit.json, which the parameters alone do not determine.
    """

    network: nn.Module
    history: list[Row]
    device: torch.device
    cost: dict[str, Any]
    facts: dict[str, Any]


def fit_network(
    job: Job,
    settings: dict[str, Any],
    dataset: dict[str, Any],
    training: Subset,
    test: Subset,
    test_each_epoch: bool = False,
) -> FitResult:
    """Train a network on a free GPU, if there is one, and evaluate it after each epoch or the last one.

    A network with a method `prepare` gets preprocessed training images before it is trained.

    Parameters
    ----------
    job : has `checkpoints`, a folder or an address s3://... of object storage; checkpoints of other code are not used.
    settings : `params`, the entry's hyperparameters; `seed`; and optionally `init_seed`, of the initial weights only;
        `streamed`, to read training images when they are needed; `stopping_metric`, in place of the loss.
    dataset : the content of dataset.json.
    """
    params, seed, init_seed = settings["params"], settings["seed"], settings.get("init_seed")
    stopping_metric, streamed = settings.get("stopping_metric"), settings.get("streamed", False)
    acquire_gpu()
    torch.set_num_threads(job.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    shape, n_classes = tuple(dataset["image_shape"]), len(dataset["classes"])
    config = TrainingConfig.from_params(params)
    if stopping_metric and config.early_stopping:
        config = replace(config, stopping_metric=stopping_metric)
    if config.precision == "auto":
        config = replace(config, precision="bfloat16" if has_bfloat16(device) else "float32")
    network = build_model(params, shape, n_classes)
    if init_seed is not None:
        with torch.random.fork_rng():
            torch.manual_seed(init_seed)
            network = build_model(params, shape, n_classes)
    network.to(device)
    images, labels, rows = training
    validation_split = None
    if config.early_stopping:
        targets = np.load(labels)
        rows = np.arange(len(targets)) if rows is None else rows
        rows, validation_rows = hold_out(rows, targets[rows], seed)
        validation_split = Split.load(images, labels, shape, device, validation_rows)
    training_split = Split.load(images, labels, shape, device, rows, streamed)
    test_images, test_labels, test_rows = test
    test_split = Split.load(test_images, test_labels, shape, device, test_rows)
    if prepare := getattr(network, "prepare", None):
        n_images = getattr(network, "n_preparation_images", N_PREPARATION_IMAGES)
        prepare(preprocess(training_split.images[:n_images]))
    architecture = {name: value for name, value in params.items() if name not in TRAINING_PARAMS}
    key = {
        "params": architecture | config.checkpoint_key(),
        "seed": seed,
        "init_seed": init_seed,
        "data": [sha256_file(path) for path in (images, labels, test_images, test_labels)],
        "rows": [None if array is None else sha256(array.data).hexdigest() for array in (rows, test_rows)],
        "code": job.code,
        "torch": torch.__version__,
        "streamed": streamed,
    }
    history, seconds = train(
        network,
        training_split,
        test_split,
        config,
        seed=seed,
        checkpoints=Checkpoints(job.options["checkpoints"], key),
        checkpoint_interval_seconds=job.options["checkpoint_interval_seconds"],
        test_each_epoch=test_each_epoch,
        validation=validation_split,
    )
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    facts: dict[str, Any] = {"precision": config.precision} if config.precision else {}
    if validation_split:
        facts["early_stopping"] = summarize(
            history, config.selected_epoch(history), len(validation_split.labels)
        )
    cost = {**resource_usage(seconds, job.threads), "device": name}
    return FitResult(network, history, device, cost, facts)
