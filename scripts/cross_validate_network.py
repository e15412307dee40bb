"""Train a network with one parameter setting of its grid, and score it on the fold that is left out."""

from typing import Any

import numpy as np
import torch

from cifarbench.data.splits import load_split_indices
from cifarbench.evaluation.ranking_metric import score as score_predictions
from cifarbench.io.atomic import read_json, write_json
from cifarbench.models.networks.fitting import fit_network
from cifarbench.models.networks.training import Split, predict_logits
from cifarbench.models.networks.tta import selected_tta
from cifarbench.runtime.failures import record_error
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the score, or the error. settings: `params`, `part`, `seed`. Checkpoints of other code are not used."""
    write_json(job.output.cell, record_error(lambda: score(job)))


def score(job: Job) -> dict[str, Any]:
    """Return the number of correct predictions, the number of validation images, and the cost.

    With `metric` in the settings, `scores` in place of the correct predictions.
    """
    n_train = len(np.load(job.input.train_labels, mmap_mode="r"))
    rows, left_out = load_split_indices(job.settings["part"], n_train, job.input.division)
    dataset = read_json(job.input.dataset)
    fitted = fit_network(
        job.settings["params"],
        job.settings["seed"],
        dataset,
        (job.input.train_images, job.input.train_labels, rows),
        (job.input.train_images, job.input.train_labels, left_out),
        checkpoints=job.options["checkpoints"],
        checkpoint_interval_seconds=job.options["checkpoint_interval_seconds"],
        code=job.code,
        threads=job.threads,
        streamed=job.settings.get("streamed", False),
        # The last epoch counts, as it does for the test images.
        test_each_epoch=False,
        stopping_metric=job.settings.get("stopping_metric"),
    )
    if metric := job.settings.get("metric"):
        shape, device = tuple(dataset["image_shape"]), fitted.device
        held_out = Split.load(job.input.train_images, job.input.train_labels, shape, device, left_out)
        assert isinstance(held_out.images, torch.Tensor)
        logits = predict_logits(fitted.network, held_out.images, selected_tta(job.settings["params"]))
        proba = logits.softmax(1).cpu().numpy()
        truth = held_out.labels.cpu().numpy()
        scores = {"scores": {"": score_predictions(metric, truth, proba.argmax(axis=1), proba)}}
    else:
        scores = {"correct": {"": round(fitted.test_accuracy * len(left_out))}}
    return {**scores, "validation": len(left_out), "cost": fitted.cost}
