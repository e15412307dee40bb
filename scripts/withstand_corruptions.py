"""Ask a fitted model about the test images under each corruption."""

from pathlib import Path

import numpy as np

from cifarbench.export.model import Model
from cifarbench.robustness.corruptions import corrupt
from cifarbench.robustness.official import Official
from cifarbench.robustness.resistance import resistance
from cifarbench.robustness.strangers import strangers, told_apart
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_arrays, write_json
from cifarbench.study.stored import Stored


def main(job: Job) -> None:
    """folder: the dataset's. settings: `corruptions`, `severities`, `seed`.

    official: a folder of files in CIFAR-10-C's layout, to be used in place of corruptions of our own.
    """
    stored = Stored.read(job.input.files[0].parents[1], job.options["model"])
    answers = read_arrays(stored.file("predictions.npz"))
    y_true = answers["y_true"]
    if job.options["official"]:
        images = Official(Path(job.options["official"]), y_true, stored.image_shape).images
    else:
        own = np.load(stored.within("data/test_images.npy"))

        def images(name: str, severity: int) -> np.ndarray:
            return corrupt(own, stored.image_shape, name, severity, job.settings["seed"])

    asked = Model(stored)
    found = resistance(
        lambda pixels: asked.predict(pixels).y_pred,
        images,
        y_true,
        job.settings["corruptions"],
        job.settings["severities"],
    )
    told = {
        name: told_apart(answers["proba"], asked.predict(pixels).proba)
        for name, pixels in strangers(stored.image_shape, stored.dataset["kind"]).items()
        if stored.fit["probabilities"]
    }
    write_json(job.output.robustness, found | {"official": bool(job.options["official"]), "strangers": told})


if __name__ == "__main__":
    run(main)
