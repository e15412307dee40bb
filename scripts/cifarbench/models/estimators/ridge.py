"""Ridge regression to the classes in closed form, with a penalty chosen by generalised cross-validation.

Golub, Heath and Wahba, Generalized cross-validation as a method for choosing a good ridge parameter, Technometrics 21
(1979). Normal equations are sums over images, so they are added block by block. Each penalty that is tried takes one
Cholesky decomposition, in the unused half of their matrix: for D values the memory is about 4 D**2 bytes, whatever the
number of images.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar, Self

import numpy as np
from scipy.linalg.blas import ssyrk
from scipy.linalg.lapack import spotrf, spotrs
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
# Random vectors by which the degrees of freedom are estimated, for more values than this.
N_PROBES = 64
# Columns that are copied at once.
BLOCK = 512


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
        covariances = ((self._sums - np.outer(self._counts, mean)).T / scale[:, None] / count).astype(
            np.float32
        )
        system = _PenalisedSystem(correlations, covariances)
        alphas = np.asarray(ALPHAS if self.alphas is None else self.alphas, float)

        solutions: dict[float, tuple[np.ndarray, float]] = {}

        def error(alpha: float) -> float:
            """Return the squared error of an indicator, mean over images and classes."""
            weights, freedom = solutions[alpha] = system.solve(alpha)
            explained = np.sum(weights * covariances) + alpha * np.square(weights).sum()
            unexplained = (shares * (1 - shares)).sum() - explained
            return unexplained / len(shares) / (1 - (1 + freedom) / count) ** 2

        self.alpha_, self.gcv_error_ = _smallest(np.sort(alphas), error)
        weights, freedom = solutions[self.alpha_]
        # The share of degrees of freedom that the penalty leaves; the average of 1 less an image's leverage.
        left = 1 - (1 + freedom) / count
        weights = weights / scale[:, None]
        intercept = shares - (self._origin + mean) @ weights
        factor = self._softmax_scale(weights, intercept, left)
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


class _PenalisedSystem:
    """Systems (K + alpha I) w = b for several alpha. K: upper triangle of (D, D) float32. b: (D, n) float32."""

    def __init__(self, matrix: np.ndarray, targets: np.ndarray):
        self._matrix, self._diagonal = matrix, matrix.diagonal().astype(np.float64)
        n_values = len(matrix)
        # A matrix's trace is the mean of its quadratic form over random signs (Hutchinson 1989), or over these axes.
        signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), (n_values, N_PROBES))
        self._probes = (
            signs if n_values > N_PROBES else np.sqrt(n_values) * np.eye(n_values, dtype=np.float32)
        )
        self._targets = np.hstack([targets, self._probes])
        self._n_targets = targets.shape[1]

    def solve(self, alpha: float) -> tuple[np.ndarray, float]:
        """Return w (D, n) float64, and the degrees of freedom: the trace of K (K + alpha I)^-1."""
        n_values = len(self._matrix)
        for start in range(0, n_values, BLOCK):
            columns = slice(start, start + BLOCK)
            self._matrix[columns.stop :, columns] = self._matrix[columns, columns.stop :].T
            square = self._matrix[columns, columns]
            square[...] = np.triu(square) + np.triu(square, 1).T
        np.fill_diagonal(self._matrix, self._diagonal + alpha)
        # Into the lower triangle.
        factor, failed = spotrf(self._matrix, lower=True, clean=False, overwrite_a=True)
        if failed:
            # Rounding errors are larger than this penalty.
            return np.full((n_values, self._n_targets), np.nan), np.nan
        solved, _ = spotrs(factor, self._targets, lower=True)
        weights, inverted = np.hsplit(solved.astype(np.float64), [self._n_targets])
        trace = (inverted * self._probes).sum() / self._probes.shape[1]
        return weights, n_values - alpha * trace


def _smallest(alphas: np.ndarray, error: Callable[[float], float]) -> tuple[float, float]:
    """Return the penalty of the smallest error, and that error, if errors of sorted penalties have one minimum."""

    @cache
    def error_at(index: int) -> float:
        value = error(float(alphas[index]))
        return value if np.isfinite(value) else np.inf

    best, step = len(alphas) // 2, max(1, len(alphas) // 4)
    while step:
        steps = (index for index in (best, best - step, best + step) if 0 <= index < len(alphas))
        nearest = min(steps, key=error_at)
        step, best = (step, nearest) if nearest != best else (step // 2, best)
    if error_at(best) == np.inf:
        raise ValueError("all alphas are too small for float32; give larger ones")
    return float(alphas[best]), error_at(best)
