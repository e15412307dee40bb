"""Train a network, from its last checkpoint if there is one, and predict the test images."""

import numpy as np
import torch

from cifarbench.data.splits import load_split_indices
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import read_csv, write_rows
from cifarbench.models.networks.factory import load, save
from cifarbench.models.networks.family_labels import FAMILY_LABELS
from cifarbench.models.networks.fitting import fit_network
from cifarbench.models.networks.training import Split, predict_logits
from cifarbench.models.networks.tta import selected_tta
from cifarbench.models.outputs import apply_best_params, write_fit_json, write_predictions
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the network, its history, predictions and fit.json.

    Predictions are computed on the CPU even after a training on a GPU, where their last digits would differ.

    In a cross-validation, `folds`, the history is that of the fit without the first fold, tested on it. settings: of
    `ResultPaths.model_params_json`, `seed`, and `init_seed` if the initial weights have another seed.
    """
    settings, dataset = apply_best_params(job.settings, job.input.best), read_json(job.input.dataset)
    n_train = len(np.load(job.input.train_labels, mmap_mode="r"))
    indices, left_out = load_split_indices(settings["part"], n_train, job.input.division)
    rows = indices if job.input.division else None
    fitted = fit_network(
        job,
        settings,
        dataset,
        (job.input.train_images, job.input.train_labels, rows),
        (job.input.test_images, job.input.test_labels, left_out if len(left_out) else None),
        # Only the training on all images, or that of a cross-validation, is plotted epoch by epoch.
        test_each_epoch=rows is None or len(left_out) > 0,
    )
    save(job.output.network, fitted.network)
    history = read_csv(job.input.fold_histories[1]) if job.input.fold_histories else fitted.history
    write_rows(job.output.history, history, list(history[0]))

    # Predict with the weights of the file, as later jobs do.
    shape = tuple(dataset["image_shape"])
    stored = load(job.output.network, settings["params"], shape, len(dataset["classes"]))
    test = Split.load(job.input.test_images, job.input.test_labels, shape, torch.device("cpu"))
    assert isinstance(test.images, torch.Tensor)
    with Timer() as watch:
        proba = predict_logits(stored, test.images, selected_tta(settings["params"])).softmax(1).numpy()
    write_predictions(job.output.predictions, test.labels.numpy(), proba, folds=job.input.folds)
    write_fit_json(
        job.output.fit,
        settings,
        family_label=FAMILY_LABELS[settings["family"]],
        fit_costs=[fitted.cost],
        predict_costs=[resource_usage(watch.seconds, job.threads)],
        search_costs=job.input.search_costs,
        stored_bytes=sum(tensor.nbytes for tensor in stored.state_dict().values()),
        n_parameters=sum(weight.numel() for weight in stored.parameters()),
        seed=settings["seed"],
        device=fitted.cost["device"],
        facts=fitted.facts,
    )
