"""Train a network, going on from its last checkpoint if there is one, and predict the test images with it."""

import numpy as np
import torch

from cifarbench.data.splits import split_indices
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import write_csv
from cifarbench.models.networks import fitting
from cifarbench.models.networks.factory import load, save
from cifarbench.models.networks.labels import FAMILY_LABELS
from cifarbench.models.networks.training import Split, predict_logits
from cifarbench.models.outputs import apply_best_params, write_fit_json, write_predictions
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Predicts on the CPU even where a GPU has trained, whose answers would differ in their last digits.

    division: of the part of the training images; none for all. best: a grid's choice, if there is one. search_costs:
    of that grid. settings: `model`, `family`, `params`, `chosen`, `features`, `part`, `seed`, and `init_seed` if the
    initial weights have one of their own. checkpoints: a folder, or an address s3://... of object storage. code: a
    checkpoint that other code wrote is not used.
    """
    settings, dataset = apply_best_params(job.settings, job.input.best), read_json(job.input.dataset)
    rows = None
    if job.input.division:
        rows, _ = split_indices(
            settings["part"],
            len(np.load(job.input.train_labels, mmap_mode="r")),
            np.load(job.input.division[0]),
        )
    fitted = fitting.fit_network(
        settings["params"],
        settings["seed"],
        dataset,
        (job.input.train_images, job.input.train_labels, rows),
        (job.input.test_images, job.input.test_labels, None),
        checkpoints=job.options["checkpoints"],
        checkpoint_interval_seconds=job.options["checkpoint_interval_seconds"],
        code=job.code,
        threads=job.threads,
        init_seed=settings.get("init_seed"),
        streamed=settings.get("streamed", False),
        # A part of the images is trained on for what comes of it; how it came is told of the whole.
        test_each_epoch=rows is None,
    )
    save(job.output.network, fitted.network)
    write_csv(job.output.history, {name: [row[name] for row in fitted.history] for name in fitted.history[0]})

    # As the file has it, and whoever asks it again.
    shape = tuple(dataset["image_shape"])
    stored = load(job.output.network, settings["params"], shape, len(dataset["classes"]))
    test = Split.load(job.input.test_images, job.input.test_labels, shape, torch.device("cpu"))
    with Timer() as watch:
        proba = predict_logits(stored, test.images, settings["params"]["tta_flip"]).softmax(1).numpy()
    write_predictions(job.output.predictions, test.labels.numpy(), proba)
    write_fit_json(
        job.output.fit,
        settings,
        family_label=FAMILY_LABELS[settings["family"]],
        fit_costs=[fitted.cost],
        predict_costs=[resource_usage(watch.seconds, job.threads)],
        search_costs=[read_json(path) for path in job.input.search_costs],
        stored_bytes=sum(tensor.nbytes for tensor in stored.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in stored.parameters()),
        seed=settings["seed"],
        device=fitted.cost["device"],
    )
