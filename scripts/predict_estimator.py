"""Predict the test images by a fitted classifier of scikit-learn's interface."""

from pathlib import Path

import numpy as np

from cifarbench.estimators.classifier import kind, load, n_parameters, predict, takes_seed
from cifarbench.features.inputs import as_float
from cifarbench.study.command import run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json


def main(
    estimator: Path,
    test_features: Path,
    test_labels: Path,
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
    """test_features: (N, D), pixels or features. best: a grid's choice, if there is one.

    settings: `model`, `family`, `params`, `chosen`, `features`, `seed`.
    """
    settings = decided(settings, best)
    params = settings["params"]
    found = load(estimator, params["estimator"])
    values = as_float(np.load(test_features, mmap_mode="r"))
    with Stopwatch() as watch:
        answers, proba, probabilities = predict(found, values, len(read_json(dataset)["classes"]))
    write_predictions(predictions, np.load(test_labels), proba, answers)
    costs = [read_json(path) for path in fit_costs]
    write_fit(
        fit,
        settings,
        kind=kind(found),
        fit_costs=costs,
        predict_costs=[*(read_json(path) for path in predict_costs), cost_record(watch.seconds, threads)],
        search_costs=[read_json(path) for path in search_costs],
        stored_bytes=estimator.stat().st_size + sum(cost.get("stored_bytes", 0) for cost in costs),
        n_parameters=n_parameters(found),
        seed=settings["seed"] if takes_seed(found, params["params"]) else None,
        probabilities=probabilities,
    )


if __name__ == "__main__":
    run(main)
