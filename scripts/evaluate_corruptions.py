"""Ask a fitted model about the test images under each corruption."""

from pathlib import Path

import numpy as np

from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import load_npz, write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.robustness.cifar10_c import CIFAR10C
from cifarbench.robustness.corruptions import corrupt
from cifarbench.robustness.evaluate import evaluate_corruptions
from cifarbench.robustness.ood import auroc_of_confidence, load_ood_images
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """folder: the dataset's. settings: `corruptions`, `severities`, `seed`.

    official: a folder of files in CIFAR-10-C's layout, to be used in place of corruptions of our own.
    """
    stored = SavedModel.read(job.input.files[0].parents[1], job.options["model"])
    answers = load_npz(stored.file("predictions.npz"))
    y_true = answers["y_true"]
    if job.options["official"]:
        images = CIFAR10C(Path(job.options["official"]), y_true, stored.image_shape).images
    else:
        own = np.load(stored.path("data/test_images.npy"))

        def images(name: str, severity: int) -> np.ndarray:
            return corrupt(own, stored.image_shape, name, severity, job.settings["seed"])

    asked = InferenceModel(stored)
    found = evaluate_corruptions(
        lambda pixels: asked.predict(pixels).y_pred,
        images,
        y_true,
        job.settings["corruptions"],
        job.settings["severities"],
    )
    told = {
        name: auroc_of_confidence(answers["proba"], asked.predict(pixels).proba)
        for name, pixels in load_ood_images(stored.image_shape, stored.dataset["type"]).items()
        if stored.fit["has_probabilities"]
    }
    write_json(
        job.output.robustness, found | {"is_cifar10_c": bool(job.options["official"]), "ood_auroc": told}
    )
