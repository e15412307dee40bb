"""Evaluate a fitted model on the test images under each corruption, and on out-of-distribution images."""

import numpy as np

from cifarbench.data.shifted_test_sets import read_cifar10_c
from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import load_npz, write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.robustness.corruptions import corrupt, evaluate_corruptions
from cifarbench.robustness.ood import auroc_of_confidence, load_ood_images
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the accuracy under each corruption. settings: `corruptions`, `severities`, `seed`.

    official: the folder of CIFAR-10-C; if empty, the corruptions are computed.
    """
    stored = SavedModel.read(job.input.files[0].parents[1], job.options["model"])
    predictions = load_npz(stored.file("predictions.npz"))
    y_true = predictions["y_true"]
    test_images = np.load(stored.path("data/test_images.npy"), mmap_mode="r")

    def images(name: str, severity: int) -> np.ndarray:
        if folder := job.options["official"]:
            return read_cifar10_c(folder, name, severity, stored.image_shape, y_true)
        return corrupt(test_images, stored.image_shape, name, severity, job.settings["seed"])

    model = InferenceModel(stored)
    accuracies = evaluate_corruptions(
        lambda pixels: model.predict(pixels).y_pred,
        images,
        y_true,
        job.settings["corruptions"],
        job.settings["severities"],
    )
    auroc = {
        name: auroc_of_confidence(predictions["proba"], model.predict(pixels).proba)
        for name, pixels in load_ood_images(stored.image_shape, stored.dataset["type"]).items()
        if stored.fit["has_probabilities"]
    }
    write_json(
        job.output.robustness,
        accuracies | {"is_cifar10_c": bool(job.options["official"]), "ood_auroc": auroc},
    )
