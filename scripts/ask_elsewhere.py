"""Ask a fitted model of a study about other test images than its own, and score what it says."""

import hashlib
from pathlib import Path

from cifarbench.data.test_sets import read_test_set
from cifarbench.evaluation.metrics import score
from cifarbench.export.model import Model
from cifarbench.study.command import run
from cifarbench.study.files import write_json
from cifarbench.study.stored import Stored


def main(folder: Path, model: str, origin: dict, metrics: Path, settings: dict, code: str) -> None:
    """folder: the dataset's. origin: the test set's entry, with the place of its files. settings: `seed`.

    code: the fingerprint of what scores, which is kept with the scores, as is a checksum of the images and labels.
    """
    stored = Stored.read(folder, model)
    images, labels = read_test_set(origin, stored.image_shape, stored.n_classes)
    answers = Model(stored).predict(images)
    scores = score(
        labels,
        answers.y_pred,
        answers.proba,
        classes=stored.dataset["classes"],
        seed=settings["seed"],
        probabilities=stored.fit["probabilities"],
    )
    on = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    write_json(metrics, scores | {"scored": {"on": on, "by": code}})


if __name__ == "__main__":
    run(main)
