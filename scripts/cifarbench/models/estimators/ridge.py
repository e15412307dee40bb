"""Ridge regression to the classes in closed form, with a penalty chosen by generalised cross-validation.

Golub, Heath and Wahba, Generalized cross-validation as a method for choosing a good ridge parameter, Technometrics 21
(1979). Normal equations are sums over images, so they are added block by block, and one eigendecomposition serves all
penalties: for D values the memory is about 16 D**2 bytes, whatever the number of images.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.blas import ssyrk
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils.validation import check_is_fitted

# Penalties per image, of standardized values.
ALPHAS = np.logspace(-5, 1, 25)
# Images of the first block by which the scores' scale is chosen, and the range of that scale.
N_CALIBRATION, SCALES = 1000, (0.1, 1000)
# Values whose standard deviation is less than this share of their mean are constant.
CONSTANT = 1e-5


class RidgeClosedForm(LinearClassifierMixin, BaseEstimator):
    """Regress indicators of the classes on standardized values, and predict the class of the largest.

    Parameters
    ----------
    alphas : penalties to choose from, per image: weights w of standardized values minimise the mean squared error plus
        alpha |w|**2. By default 25, from 1e-5 to 10.

    Attributes
    ----------
    alpha_ : the penalty of the smallest generalised cross-validation error.
    gcv_error_ : that error: the squared error of an indicator, mean over images and classes.
    coef_ : (n_classes, D) float32 and intercept_ : (n_classes,) float32, the weights times a scale, such that the
        softmax of the scores gives probabilities: the scale of minimum log loss on scores of the first images that are
        approximately those of leaving each image out.
    """

    _parameter_constraints: ClassVar = {"alphas": ["array-like", None]}

    def __init__(self, alphas: Sequence[float] | None = None):
        self.alphas = alphas

    def _validate_params(self) -> None:
        super()._validate_params()
        if self.alphas is not None and not (len(self.alphas) and np.min(self.alphas) > 0):
            raise ValueError("alphas must be numbers above 0")

    def fit(self, values: np.ndarray, y: np.ndarray) -> Self:
        """Fit to values (N, D) and classes (N,)."""
        return self.partial_fit(values, y).solve()

    def partial_fit(self, values: np.ndarray, y: np.ndarray, classes: np.ndarray | None = None) -> Self:
        """Add values (n, D) and classes (n,) to the normal equations, which `solve` solves.

        classes: all classes, with the first block; those of `y` unless given.
        """
        values = np.ascontiguousarray(values, np.float32)
        if not hasattr(self, "_products"):
            self.classes_ = np.unique(y if classes is None else classes)
            self.n_features_in_ = values.shape[1]
            # Products of deviations from about the mean have smaller rounding errors.
            self._origin = values.mean(axis=0)
            self._sample = values[:N_CALIBRATION].copy(), y[:N_CALIBRATION]
            self._products = np.zeros((values.shape[1], values.shape[1]), np.float32, order="F")
            self._sums = np.zeros((len(self.classes_), values.shape[1]))
            self._counts = np.zeros(len(self.classes_))
        deviations = values - self._origin
        # Of the symmetric products, the upper triangle.
        self._products = ssyrk(1, deviations.T, beta=1, c=self._products, overwrite_c=True)
        for index, label in enumerate(self.classes_):
            self._sums[index] += deviations[y == label].sum(axis=0, dtype=np.float64)
            self._counts[index] += np.count_nonzero(y == label)
        return self

    def solve(self) -> Self:
        """Choose the penalty, compute the weights, and drop the normal equations."""
        count, shares = self._counts.sum(), self._counts / self._counts.sum()
        mean = self._sums.sum(axis=0) / count
        # (D, D) correlations, in place, and (D, n_classes) covariances of values and indicators.
        correlations = ssyrk(
            -1, mean.astype(np.float32)[:, None], beta=1 / count, c=self._products, overwrite_c=True
        )
        scale = np.sqrt(np.maximum(correlations.diagonal(), 0))
        scale[scale <= CONSTANT * np.abs(self._origin)] = 1
        correlations /= scale
        correlations /= scale[:, None]
        covariances = (self._sums - np.outer(self._counts, mean)).T / scale[:, None] / count
        strengths, vectors = eigh(
            correlations, lower=False, driver="evd", overwrite_a=True, check_finite=False
        )
        strengths = np.maximum(strengths, 0).astype(np.float64)[:, None]
        projected = vectors.T @ covariances.astype(np.float32)
        alphas = np.asarray(ALPHAS if self.alphas is None else self.alphas, float)
        # The share of degrees of freedom that a penalty leaves; the average of 1 less an image's leverage.
        left = 1 - (1 + (strengths / (strengths + alphas)).sum(axis=0)) / count
        explained = (np.square(projected).sum(axis=1, keepdims=True) * (strengths + 2 * alphas)) / np.square(
            strengths + alphas
        )
        errors = ((shares * (1 - shares)).sum() - explained.sum(axis=0)) / len(shares) / np.square(left)
        best = int(np.argmin(errors))
        self.alpha_, self.gcv_error_ = float(alphas[best]), float(errors[best])
        weights = vectors @ (projected / (strengths + self.alpha_)).astype(np.float32)
        weights = weights / scale[:, None]
        intercept = shares - (self._origin + mean) @ weights
        factor = self._softmax_scale(weights, intercept, left[best])
        self.coef_ = np.ascontiguousarray(factor * weights.T, np.float32)
        self.intercept_ = (factor * intercept).astype(np.float32)
        del self._products, self._sums, self._counts, self._origin, self._sample
        return self

    def _softmax_scale(self, weights: np.ndarray, intercept: np.ndarray, left: float) -> float:
        """Return the scale of scores whose softmax has the minimum log loss on the first images.

        left: an image's residual as a share of that of a fit without the image, on average.
        """
        values, labels = self._sample
        indicators = labels[:, None] == self.classes_
        scores = indicators - (indicators - (values @ weights + intercept)) / left
        return minimize_scalar(
            lambda scale: -log_softmax(scale * scores, axis=1)[indicators].mean(), bounds=SCALES
        ).x

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities (N, n_classes) of values (N, D)."""
        check_is_fitted(self, "coef_")
        return softmax(np.asarray(values, np.float32) @ self.coef_.T + self.intercept_, axis=1)
