"""Predict images by a saved classifier with scikit-learn's interface."""

from typing import Any

import numpy as np

from cifarbench.features.fit_inputs import scale_pixels
from cifarbench.io import sklearn_objects
from cifarbench.models.estimators.classifier import predict
from cifarbench.models.estimators.ridge import RidgeClosedForm
from cifarbench.models.saved_model import Predictions, SavedModel


class Predictor:
    """The fitted classifier of a saved model."""

    def __init__(self, stored: SavedModel):
        self.estimator = sklearn_objects.loads(
            stored.file("estimator.skops").read_bytes(), stored.params["estimator"]
        )
        self.n_classes = stored.n_classes

    def predict(self, values: np.ndarray) -> Predictions:
        """Predict images given as pixels or features (N, D)."""
        y_pred, proba, _ = predict(self.estimator, scale_pixels(values), self.n_classes)
        return Predictions(y_pred, proba)

    def to_exportable(self) -> Any:
        """Return the classifier, which skl2onnx converts, or a PyTorch module of it."""
        if not isinstance(self.estimator, RidgeClosedForm):
            return self.estimator
        from cifarbench.models.estimators.torch_module import SoftmaxRegression

        return SoftmaxRegression(self.estimator, self.n_classes)
