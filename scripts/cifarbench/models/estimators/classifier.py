"""Build, fit and apply any classifier with scikit-learn's interface."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.linear_model._base import LinearClassifierMixin

from cifarbench.errors import UserError
from cifarbench.features.fit_inputs import scale_pixels
from cifarbench.io import sklearn_objects
from cifarbench.io.memmap import release_pages, take_rows
from cifarbench.models.estimators.family import LABELS_BY_MODULE, LINEAR_LABEL, OTHER_LABEL
from cifarbench.models.estimators.ridge import RidgeClosedForm


def build(reference: str, params: dict[str, Any], seed: int, key: str) -> BaseEstimator:
    """Build a classifier by `build_estimator`. Raises UserError if that fails, or if it is not a classifier."""
    estimator = sklearn_objects.build_estimator(reference, params, seed, key=key, role="estimator")
    if not is_classifier(estimator):
        raise UserError(f"{key}.estimator is {reference}, which is not a classifier; name one.")
    return estimator


def uses_random_state(estimator: BaseEstimator, params: dict[str, Any]) -> bool:
    """Return whether the seed of the run is its random_state, because `params` do not set it."""
    return "random_state" in estimator.get_params(deep=False) and "random_state" not in params


def family_label(estimator: BaseEstimator) -> str:
    """Return the label of a classifier's family."""
    if isinstance(estimator, LinearClassifierMixin):
        return LINEAR_LABEL
    package = ".".join(type(estimator).__module__.split(".")[:2])
    return LABELS_BY_MODULE.get(package, OTHER_LABEL)


def n_parameters(estimator: BaseEstimator) -> int | None:
    """Return the number of weights of a linear classifier; None for others."""
    is_fitted = hasattr(estimator, "coef_") and hasattr(estimator, "intercept_")
    if not (is_fitted and isinstance(estimator, LinearClassifierMixin)):
        return None
    return np.size(estimator.coef_) + np.size(estimator.intercept_)


def fit(
    estimator: BaseEstimator,
    features: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray,
    batch_size: int | None,
    seed: int,
) -> BaseEstimator:
    """Fit a classifier to rows of mapped pixels or features (N, D) and labels (N,), all at once or in batches.

    batch_size: size of blocks of adjacent rows, passed once each to `partial_fit` in a random order; None for all at
    once. seed: of that order.
    """
    if not batch_size:
        return estimator.fit(scale_pixels(features[rows]), labels[rows])
    n_batches = -(-len(rows) // batch_size)
    for batch in np.random.default_rng(seed).permutation(n_batches):
        batch_rows = rows[batch * batch_size : (batch + 1) * batch_size]
        values = scale_pixels(take_rows(features, batch_rows))
        estimator.partial_fit(values, labels[batch_rows], classes=np.unique(labels[rows]))
        release_pages(features)
    # One solution at the end, instead of one per batch.
    return estimator.solve() if isinstance(estimator, RidgeClosedForm) else estimator


def predict(
    estimator: BaseEstimator, features: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return predicted classes (N,) int64, probabilities (N, n_classes) float32, and whether the estimator gives any.

    Without probabilities, the predicted class has probability 1. Raises ValueError if there is not one prediction per
    image, or if a prediction is not a class.
    """
    # User code may return anything.
    y_pred = np.asarray(estimator.predict(features))
    if y_pred.shape != (len(features),):
        raise ValueError(f"predict returns an array of shape {y_pred.shape} for {len(features)} images")
    is_class = np.isin(y_pred, np.arange(n_classes))
    if not is_class.all():
        raise ValueError(f"predict returns {y_pred[~is_class][0]!r}, which is not a class")
    y_pred = y_pred.astype(np.int64)
    if not hasattr(estimator, "predict_proba"):
        return y_pred, np.eye(n_classes, dtype=np.float32)[y_pred], False
    # A subset of the training images may lack a class.
    proba_of_known = np.asarray(estimator.predict_proba(features))
    classes = getattr(estimator, "classes_", np.arange(n_classes))
    if proba_of_known.shape != (len(features), len(classes)):
        raise ValueError(
            f"predict_proba returns an array of shape {proba_of_known.shape} for {len(features)} images"
        )
    proba = np.zeros((len(features), n_classes), np.float32)
    proba[:, np.asarray(classes, int)] = proba_of_known
    return y_pred, proba, True
