"""Ask a fitted model of a study about other test images than its own, and score what it says."""

import hashlib

from cifarbench.data.shifted_test_sets import read_test_set
from cifarbench.evaluation.metrics import compute_metrics
from cifarbench.export.inference_model import InferenceModel
from cifarbench.io.atomic import write_json
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Score the images of `origin`. `scoring_code`, the fingerprint of what scores, is kept with the scores."""
    stored = SavedModel.read(job.input.files[0].parents[1], job.options["model"])
    images, labels = read_test_set(job.options["origin"], stored.image_shape, stored.n_classes)
    answers = InferenceModel(stored).predict(images)
    scores = compute_metrics(
        labels,
        answers.y_pred,
        answers.proba,
        classes=stored.dataset["classes"],
        seed=job.settings["seed"],
        probabilities=stored.fit["has_probabilities"],
    )
    test_set_hash = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    provenance = {"test_set_hash": test_set_hash, "code_hash": job.settings["scoring_code"]}
    write_json(job.output.metrics, scores | {"provenance": provenance})
