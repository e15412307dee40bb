"""Fit k nearest neighbours and predict the test images."""

from pathlib import Path

import numpy as np

from cifarbench.features.components import PrincipalComponents
from cifarbench.features.moments import centred
from cifarbench.neighbors.search import nearest, vote_shares
from cifarbench.study.command import run
from cifarbench.study.contract import write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record, total_cost
from cifarbench.study.files import read_json


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    components: list[Path],
    best: list[Path],
    costs: list[Path],
    predictions: Path,
    fit: Path,
    settings: dict,
    threads: int,
) -> None:
    """settings: `model`, `family`, `params`; the grid's best pair, if there is one, takes the place of its lists."""
    params = settings["params"] | (read_json(best[0]) if best else {})
    fitted = PrincipalComponents.load(components[0]) if components else None
    labels = np.load(train_labels)

    def features(path: Path) -> np.ndarray:
        images = np.load(path, mmap_mode="r")
        return fitted.transform(images, params["n_components"]) if fitted else centred(images)

    with Stopwatch() as fitting:
        train_features = features(train_images)
    with Stopwatch() as predicting:
        neighbors = nearest(train_features, features(test_images), params["n_neighbors"], threads)
        proba = vote_shares(labels[neighbors], len(read_json(dataset)["classes"]))

    write_predictions(predictions, np.load(test_labels), proba)
    write_fit(
        fit,
        settings | {"params": params, "seed": None},
        fitting=total_cost([*(read_json(path) for path in costs), cost_record(fitting.seconds, threads)]),
        predict_seconds=predicting.seconds,
        stored_bytes=train_features.nbytes
        + labels.nbytes
        + (fitted.nbytes(params["n_components"]) if fitted else 0),
        n_parameters=None,
        device="cpu",
    )


if __name__ == "__main__":
    run(main)
