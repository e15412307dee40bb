"""Evaluate a fitted model on a shifted test set."""

import hashlib

from cifarbench.data.shifted_test_sets import read_test_set
from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the metrics on the images of `origin`, with the fingerprint `scoring_code` of the settings."""
    stored = SavedModel.read(job.input.files[0].parents[1], job.options["model"])
    images, labels = read_test_set(job.options["origin"], stored.image_shape, stored.n_classes)
    predicted = InferenceModel(stored).predict(images)
    scores = compute_metrics(
        labels,
        predicted.y_pred,
        predicted.proba,
        classes=stored.dataset["classes"],
        seed=job.settings["seed"],
        probabilities=stored.fit["has_probabilities"],
    )
    test_set_hash = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    provenance = {"test_set_hash": test_set_hash, "code_hash": job.settings["scoring_code"]}
    write_json(job.output.metrics, scores | {"provenance": provenance})
