"""Score a model's predictions."""

from cifarbench.evaluation.metrics import compute_metrics, interval_share, test_set_fingerprint
from cifarbench.io.atomic import load_npz, read_json, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the metrics, with checksums of the scoring code and of the test images.

    settings: `seed`, of the bootstrap.
    """
    predictions = load_npz(job.input.predictions)
    dataset = read_json(job.input.dataset)
    scores = compute_metrics(
        **predictions,
        classes=dataset["classes"],
        seed=job.settings["seed"],
        probabilities=read_json(job.input.fit)["has_probabilities"],
        share=interval_share(dataset),
    )
    test_set_hash = test_set_fingerprint(job.input.test_images, predictions["y_true"])
    provenance = {"test_set_hash": test_set_hash, "code_hash": job.code}
    write_json(job.output.metrics, scores | {"provenance": provenance})
