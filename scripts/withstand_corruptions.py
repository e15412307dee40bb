"""Ask a fitted model about the test images under each corruption."""

from pathlib import Path

import numpy as np

from cifarbench.export.model import Model
from cifarbench.robustness.corruptions import corrupt
from cifarbench.robustness.official import Official
from cifarbench.robustness.resistance import resistance
from cifarbench.robustness.strangers import strangers, told_apart
from cifarbench.study.command import run
from cifarbench.study.files import read_arrays, write_json
from cifarbench.study.stored import Stored


def main(folder: Path, model: str, robustness: Path, settings: dict, official: str = "") -> None:
    """folder: the dataset's. settings: `corruptions`, `severities`, `seed`.

    official: a folder of files in CIFAR-10-C's layout, to be used in place of corruptions of our own.
    """
    stored = Stored.read(folder, model)
    answers = read_arrays(stored.file("predictions.npz"))
    y_true = answers["y_true"]
    if official:
        images = Official(Path(official), y_true, stored.image_shape).images
    else:
        own = np.load(stored.within("data/test_images.npy"))

        def images(name: str, severity: int) -> np.ndarray:
            return corrupt(own, stored.image_shape, name, severity, settings["seed"])

    asked = Model(stored)
    found = resistance(
        lambda pixels: asked.predict(pixels).y_pred,
        images,
        y_true,
        settings["corruptions"],
        settings["severities"],
    )
    told = {
        name: told_apart(answers["proba"], asked.predict(pixels).proba)
        for name, pixels in strangers(stored.image_shape, stored.dataset["kind"]).items()
        if stored.fit["probabilities"]
    }
    write_json(robustness, found | {"official": bool(official), "strangers": told})


if __name__ == "__main__":
    run(main)
