"""Score a model's predictions."""

from pathlib import Path

from cifarbench.evaluation.metrics import score, scored_on
from cifarbench.study.command import run
from cifarbench.study.files import read_arrays, read_json, write_json


def main(
    predictions: Path, fit: Path, test_images: Path, dataset: Path, metrics: Path, settings: dict, code: str
) -> None:
    """fit: says whether the probabilities mean anything. settings: `seed`, of the bootstrap.

    code: the fingerprint of what scores, which is kept with the scores, as is a checksum of the test images.
    """
    answers = read_arrays(predictions)
    scores = score(
        **answers,
        classes=read_json(dataset)["classes"],
        seed=settings["seed"],
        probabilities=read_json(fit)["probabilities"],
    )
    write_json(metrics, scores | {"scored": {"on": scored_on(test_images, answers["y_true"]), "by": code}})


if __name__ == "__main__":
    run(main)
