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
    """Return the number of correct predictions, or with `metric` the `scores`, and the cost."""
    n_train = len(np.load(job.input.train_labels, mmap_mode="r"))
    rows, left_out = load_split_indices(job.settings["part"], n_train, job.input.division)
    dataset = read_json(job.input.dataset)
    images, labels = job.input.train_images, job.input.train_labels
    # The last epoch counts, as it does for the test images.
    fitted = fit_network(job, job.settings, dataset, (images, labels, rows), (images, labels, left_out))
    held_out = Split.load(images, labels, tuple(dataset["image_shape"]), fitted.device, left_out)
    assert isinstance(held_out.images, torch.Tensor)
    logits = predict_logits(fitted.network, held_out.images, selected_tta(job.settings["params"]))
    proba, truth = logits.softmax(1).cpu().numpy(), held_out.labels.cpu().numpy()
    if metric := job.settings.get("metric"):
        scores = {"scores": {"": score_predictions(metric, truth, proba.argmax(axis=1), proba)}}
    else:
        scores = {"correct": {"": int((proba.argmax(axis=1) == truth).sum())}}
    return {**scores, "validation": len(left_out), "cost": fitted.cost}
