"""Score a model's predictions."""

from cifarbench.evaluation.metrics import score, scored_on
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_arrays, read_json, write_json


def main(job: Job) -> None:
    """fit: says whether the probabilities mean anything. settings: `seed`, of the bootstrap.

    code: the fingerprint of what scores, which is kept with the scores, as is a checksum of the test images.
    """
    answers = read_arrays(job.input.predictions)
    scores = score(
        **answers,
        classes=read_json(job.input.dataset)["classes"],
        seed=job.settings["seed"],
        probabilities=read_json(job.input.fit)["probabilities"],
    )
    write_json(
        job.output.metrics,
        scores | {"scored": {"on": scored_on(job.input.test_images, answers["y_true"]), "by": job.code}},
    )


if __name__ == "__main__":
    run(main)
