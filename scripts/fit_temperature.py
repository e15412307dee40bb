"""Find a model's temperature on training images that it was not fitted to, and what it does to its calibration."""

import numpy as np

from cifarbench.evaluation.calibration import apply_temperature, fit_temperature, reliability_curve
from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import load_npz, write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """folder: the dataset's. size: how many training images the model's run of that size was fitted to.

    The temperature is that of this run on the other training images; it is held against the test images by the model
    that was fitted to all of them.
    """
    model, size = job.options["model"], job.settings["size"]
    stored = SavedModel.read(job.input.files[0].parents[1], f"{model}/train_{size}")
    order = np.load(stored.path("splits/order.npy"))
    rows = np.flatnonzero(order >= size)
    images = np.load(stored.path("data/train_images.npy"), mmap_mode="r")[rows]
    labels = np.load(stored.path("data/train_labels.npy"))[rows]
    answers = load_npz(stored.path(f"models/{model}/predictions.npz"))
    if not stored.fit["has_probabilities"]:
        write_json(job.output.temperature, {"temperature": None})
        return
    temperature = fit_temperature(InferenceModel(stored).predict(images).proba, labels)
    correct = answers["y_true"] == answers["y_pred"]
    errors = {
        name: reliability_curve(correct, proba)["expected_calibration_error"]
        for name, proba in (
            ("before", answers["proba"]),
            ("after", apply_temperature(answers["proba"], temperature)),
        )
    }
    write_json(
        job.output.temperature,
        {"temperature": temperature, "n_images": len(rows), "ece": errors},
    )
