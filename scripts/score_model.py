"""Score a model's predictions."""

from pathlib import Path

from cifarbench.evaluation.metrics import score
from cifarbench.study.command import run
from cifarbench.study.files import read_arrays, read_json, write_json


def main(predictions: Path, fit: Path, dataset: Path, metrics: Path, settings: dict) -> None:
    """fit: says whether the probabilities mean anything. settings: `seed`, of the bootstrap."""
    scores = score(
        **read_arrays(predictions),
        classes=read_json(dataset)["classes"],
        seed=settings["seed"],
        probabilities=read_json(fit)["probabilities"],
    )
    write_json(metrics, scores)


if __name__ == "__main__":
    run(main)
