"""Train a network, going on from its last checkpoint if there is one, and predict the test images with it."""

import numpy as np
import torch

from cifarbench.data.parts import rows_of
from cifarbench.networks import fitting
from cifarbench.networks.building import load, save
from cifarbench.networks.kinds import KINDS
from cifarbench.networks.training import Split, predict_logits
from cifarbench.runtime.job import Job, run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json
from cifarbench.study.tables import write_table


def main(job: Job) -> None:
    """Predicts on the CPU even where a GPU has trained, whose answers would differ in their last digits.

    division: of the part of the training images; none for all. best: a grid's choice, if there is one. search_costs:
    of that grid. settings: `model`, `family`, `params`, `chosen`, `features`, `part`, `seed`, and `weights_seed` if the
    initial weights have one of their own. checkpoints: a folder, or an address s3://... of object storage. code: a
    checkpoint that other code wrote is not used.
    """
    settings, about = decided(job.settings, job.input.best), read_json(job.input.dataset)
    rows = None
    if job.input.division:
        rows, _ = rows_of(
            settings["part"],
            len(np.load(job.input.train_labels, mmap_mode="r")),
            np.load(job.input.division[0]),
        )
    fitted = fitting.fit(
        settings["params"],
        settings["seed"],
        about,
        (job.input.train_images, job.input.train_labels, rows),
        (job.input.test_images, job.input.test_labels, None),
        checkpoints=job.options["checkpoints"],
        checkpoint_seconds=job.options["checkpoint_seconds"],
        code=job.code,
        threads=job.threads,
        weights_seed=settings.get("weights_seed"),
        streamed=settings.get("streamed", False),
        # A part of the images is trained on for what comes of it; how it came is told of the whole.
        test_each_epoch=rows is None,
    )
    save(job.output.network, fitted.network)
    write_table(
        job.output.history, {name: [row[name] for row in fitted.history] for name in fitted.history[0]}
    )

    # As the file has it, and whoever asks it again.
    shape = tuple(about["image_shape"])
    stored = load(job.output.network, settings["params"], shape, len(about["classes"]))
    test = Split.load(job.input.test_images, job.input.test_labels, shape, torch.device("cpu"))
    with Stopwatch() as watch:
        proba = predict_logits(stored, test.images, settings["params"]["test_flips"]).softmax(1).numpy()
    write_predictions(job.output.predictions, test.labels.numpy(), proba)
    write_fit(
        job.output.fit,
        settings,
        kind=KINDS[settings["family"]],
        fit_costs=[fitted.cost],
        predict_costs=[cost_record(watch.seconds, job.threads)],
        search_costs=[read_json(path) for path in job.input.search_costs],
        stored_bytes=sum(tensor.nbytes for tensor in stored.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in stored.parameters()),
        seed=settings["seed"],
        device=fitted.cost["device"],
    )


if __name__ == "__main__":
    run(main)
