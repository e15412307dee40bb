"""Predict the test images by their nearest neighbours among the training images."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.family import KIND
from cifarbench.neighbors.search import points_of, vote
from cifarbench.study.command import run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json


def main(
    train_features: Path,
    train_labels: Path,
    test_features: Path,
    test_labels: Path,
    division: list[Path],
    dataset: Path,
    best: list[Path],
    fit_costs: list[Path],
    predict_costs: list[Path],
    search_costs: list[Path],
    predictions: Path,
    fit: Path,
    settings: dict,
    threads: int,
) -> None:
    """train_features, test_features: (N, D), pixels or features. division: of the part; none for all images.

    best: a grid's choice, if there is one. settings: `model`, `family`, `params`, `chosen`, `features`, `part`.
    """
    settings = decided(settings, best)
    params, labels = settings["params"], np.load(train_labels)
    values = np.load(train_features, mmap_mode="r")
    if division:
        rows, _ = rows_of(settings["part"], len(labels), np.load(division[0]))
        values, labels = values[rows], labels[rows]
    with Stopwatch() as fitting:
        points = points_of(values, params["metric"])
    with Stopwatch() as predicting:
        queries = points_of(np.load(test_features, mmap_mode="r"), params["metric"])
        n_classes = len(read_json(dataset)["classes"])
        proba, _ = vote(points, labels, queries, params, n_classes, threads)

    write_predictions(predictions, np.load(test_labels), proba)
    of_features = [read_json(path) for path in fit_costs]
    write_fit(
        fit,
        settings,
        kind=KIND,
        fit_costs=[*of_features, cost_record(fitting.seconds, threads)],
        predict_costs=[
            *(read_json(path) for path in predict_costs),
            cost_record(predicting.seconds, threads),
        ],
        search_costs=[read_json(path) for path in search_costs],
        # Neighbours have to keep all that they are sought among.
        stored_bytes=points.nbytes + labels.nbytes + sum(cost.get("stored_bytes", 0) for cost in of_features),
        n_parameters=None,
        seed=None,
    )


if __name__ == "__main__":
    run(main)
