"""Fit a model's temperature on held-out training images, and compute its effect on the calibration error."""

import numpy as np

from cifarbench.evaluation.calibration import apply_temperature, fit_temperature, reliability_curve
from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import load_npz, write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the temperature and the calibration error on the test images before and after.

    The temperature is fitted to the run on the first `size` training images, by its predictions of the others, and
    applied to the model that was fitted to all images.
    """
    model, size = job.options["model"], job.settings["size"]
    stored = SavedModel.read(job.input.files[0].parents[1], f"{model}/train_{size}")
    order = np.load(stored.path("splits/order.npy"))
    rows = np.flatnonzero(order >= size)
    images = np.load(stored.path("data/train_images.npy"), mmap_mode="r")[rows]
    labels = np.load(stored.path("data/train_labels.npy"))[rows]
    predictions = load_npz(stored.path(f"models/{model}/predictions.npz"))
    if not stored.fit["has_probabilities"]:
        write_json(job.output.temperature, {"temperature": None})
        return
    temperature = fit_temperature(InferenceModel(stored).predict(images).proba, labels)
    correct = predictions["y_true"] == predictions["y_pred"]
    errors = {
        name: reliability_curve(correct, proba)["ece"]
        for name, proba in (
            ("before", predictions["proba"]),
            ("after", apply_temperature(predictions["proba"], temperature)),
        )
    }
    write_json(
        job.output.temperature,
        {"temperature": temperature, "n_images": len(rows), "ece": errors},
    )
