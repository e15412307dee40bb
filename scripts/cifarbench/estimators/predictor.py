"""A classifier of scikit-learn's interface asked again."""

from typing import Any

import numpy as np

from cifarbench.estimators.classifier import load, predict
from cifarbench.features.inputs import as_float
from cifarbench.study.stored import Answers, Stored


class Predictor:
    """The fitted classifier of a stored model."""

    def __init__(self, stored: Stored):
        self.estimator = load(stored.file("estimator.skops"), stored.params["estimator"])
        self.n_classes = stored.n_classes

    def predict(self, values: np.ndarray) -> Answers:
        """What it says of images given as pixels or features (N, D)."""
        answers, proba, _ = predict(self.estimator, as_float(values), self.n_classes)
        return Answers(answers, proba)

    def stage(self) -> Any:
        """The same for ONNX: the classifier itself, which skl2onnx converts."""
        return self.estimator
