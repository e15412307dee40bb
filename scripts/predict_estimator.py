"""Predict the test images by a fitted classifier of scikit-learn's interface."""

import numpy as np

from cifarbench.estimators.classifier import kind, load, n_parameters, predict, takes_seed
from cifarbench.features.inputs import as_float
from cifarbench.runtime.job import Job, run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json


def main(job: Job) -> None:
    """test_features: (N, D), pixels or features. best: a grid's choice, if there is one.

    settings: `model`, `family`, `params`, `chosen`, `features`, `seed`.
    """
    settings = decided(job.settings, job.input.best)
    params = settings["params"]
    found = load(job.input.estimator, params["estimator"])
    values = as_float(np.load(job.input.test_features, mmap_mode="r"))
    with Stopwatch() as watch:
        answers, proba, probabilities = predict(found, values, len(read_json(job.input.dataset)["classes"]))
    write_predictions(job.output.predictions, np.load(job.input.test_labels), proba, answers)
    costs = [read_json(path) for path in [job.input.fit_cost, *job.input.features_costs]]
    write_fit(
        job.output.fit,
        settings,
        kind=kind(found),
        fit_costs=costs,
        predict_costs=[
            *(read_json(path) for path in job.input.predict_costs),
            cost_record(watch.seconds, job.threads),
        ],
        search_costs=[read_json(path) for path in job.input.search_costs],
        stored_bytes=job.input.estimator.stat().st_size + sum(cost.get("stored_bytes", 0) for cost in costs),
        n_parameters=n_parameters(found),
        seed=settings["seed"] if takes_seed(found, params["params"]) else None,
        probabilities=probabilities,
    )


if __name__ == "__main__":
    run(main)
