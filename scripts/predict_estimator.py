"""Predict the test images by a fitted classifier with scikit-learn's interface."""

import numpy as np

from cifarbench.features.fit_inputs import scale_pixels
from cifarbench.io import sklearn_objects
from cifarbench.io.atomic import read_json
from cifarbench.models.estimators.classifier import family_label, n_parameters, predict, uses_random_state
from cifarbench.models.outputs import apply_best_params, write_fit_json, write_predictions
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage


def main(job: Job) -> None:
    """Write the predictions and fit.json. settings: of `ResultPaths.model_params_json`, and `seed`."""
    settings = apply_best_params(job.settings, job.input.best)
    params = settings["params"]
    estimator = sklearn_objects.loads(job.input.estimator.read_bytes(), params["estimator"])
    values = scale_pixels(np.load(job.input.test_features, mmap_mode="r"))
    with Timer() as watch:
        y_pred, proba, probabilities = predict(
            estimator, values, len(read_json(job.input.dataset)["classes"])
        )
    write_predictions(job.output.predictions, np.load(job.input.test_labels), proba, y_pred, job.input.folds)
    write_fit_json(
        job.output.fit,
        settings,
        family_label=family_label(estimator),
        fit_costs=[job.input.fit_cost, *job.input.features_costs],
        predict_costs=[*job.input.predict_costs, resource_usage(watch.seconds, job.threads)],
        search_costs=job.input.search_costs,
        stored_bytes=job.input.estimator.stat().st_size,
        n_parameters=n_parameters(estimator),
        seed=settings["seed"] if uses_random_state(estimator, params["params"]) else None,
        probabilities=probabilities,
    )
