"""Metrics as functions of the images' weights, so that all bootstrap resamples are computed at once.

A resample of the test images is a weight per image: how often it was drawn. Weights of 1 give scikit-learn's metrics,
without its import; tests compare both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from cifarbench.evaluation.calibration import confidence_bins
from cifarbench.evaluation.statistics import CONFIDENCE, Interval

N_RESAMPLES = 1000
# With more images or classes, there are fewer resamples: bounds of weights, and of weights times classes.
MAX_WEIGHTS, MAX_WORK, MIN_RESAMPLES = 50_000_000, 10_000_000_000, 200
# Classes from which on top-5 accuracy is computed.
MIN_CLASSES_TOP5 = 10


def resample_weights(n_images: int, seed: int, n_classes: int = 2) -> np.ndarray:
    """Return how often each image is in each bootstrap resample, (N, n_resamples) float32.

    n_classes: decides, with the number of images, how many resamples there are.
    """
    limit = min(MAX_WEIGHTS // n_images, MAX_WORK // (n_images * n_classes))
    n_resamples = max(MIN_RESAMPLES, min(N_RESAMPLES, limit))
    random = np.random.default_rng(seed)
    weights = np.empty((n_images, n_resamples), np.float32)
    for column in range(n_resamples):
        weights[:, column] = np.bincount(random.integers(n_images, size=n_images), minlength=n_images)
    return weights


@dataclass(frozen=True)
class WeightedPredictions:
    """Predictions of one model, and weights of the images.

    y_true, y_pred: (N,) int. proba: (N, n_classes), rows sum to 1. weights: (N, B) float32, one column per resample.
    Methods return one value per column: (B,) float64, NaN where a metric is undefined.
    """

    y_true: np.ndarray
    y_pred: np.ndarray
    proba: np.ndarray
    weights: np.ndarray = field(repr=False)

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return self.proba.shape[1]

    def _mean(self, values: np.ndarray) -> np.ndarray:
        return values.astype(np.float64) @ self.weights.astype(np.float64) / self._total

    @cached_property
    def _total(self) -> np.ndarray:
        return self.weights.sum(axis=0, dtype=np.float64)

    @cached_property
    def _confusion(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights of the correct predictions, the true and the predicted images of each class, (n_classes, B) each."""
        correct = self.y_true == self.y_pred
        return (
            _sum_by(self.y_true[correct], self.n_classes, self.weights[correct]),
            _sum_by(self.y_true, self.n_classes, self.weights),
            _sum_by(self.y_pred, self.n_classes, self.weights),
        )

    def accuracy(self) -> np.ndarray:
        """Return accuracy."""
        return self._mean(self.y_true == self.y_pred)

    def balanced_accuracy(self) -> np.ndarray:
        """Return the mean recall over the classes that are present."""
        correct, true, _ = self._confusion
        return _mean_of_defined(correct, true)

    def macro_f1(self) -> np.ndarray:
        """Return the mean F1 over all classes; 0 for a class that is absent and never predicted."""
        correct, true, predicted = self._confusion
        return (2 * correct / np.maximum(true + predicted, 1)).mean(axis=0)

    def mcc(self) -> np.ndarray:
        """Return Matthews' correlation coefficient (Gorodkin 2004); 0 for a single true or predicted class."""
        correct, true, predicted = self._confusion
        covariance = correct.sum(axis=0) * self._total - (true * predicted).sum(axis=0)
        variances = [self._total**2 - (counts**2).sum(axis=0) for counts in (true, predicted)]
        scale = np.sqrt(variances[0] * variances[1])
        return np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)

    def cohen_kappa(self) -> np.ndarray:
        """Return Cohen's kappa; NaN if all images have one class in both."""
        correct, true, predicted = self._confusion
        expected = (true * predicted).sum(axis=0) / self._total**2
        observed = correct.sum(axis=0) / self._total
        undefined = np.full_like(expected, np.nan)
        return np.divide(observed - expected, 1 - expected, out=undefined, where=expected < 1)

    def log_loss(self) -> np.ndarray:
        """Return the mean negative logarithm of the true class's probability, at least the precision of its type."""
        eps = np.finfo(self.proba.dtype).eps
        return self._mean(-np.log(np.clip(self._proba_of_true, eps, 1 - eps).astype(np.float64)))

    def brier(self) -> np.ndarray:
        """Return the mean squared error of the probabilities: the sum over classes, with two classes half of it."""
        squares = np.square(self.proba.astype(np.float64)).sum(axis=1)
        errors = squares - 2 * self._proba_of_true.astype(np.float64) + 1
        return self._mean(errors) / (2 if self.n_classes == 2 else 1)

    @cached_property
    def _proba_of_true(self) -> np.ndarray:
        return np.take_along_axis(self.proba, self.y_true[:, None], axis=1)[:, 0]

    def ece(self) -> np.ndarray:
        """Return the expected calibration error."""
        bins, confidence = confidence_bins(self.proba)
        gap = confidence - (self.y_true == self.y_pred)
        by_bin = csr_array((gap, (bins, np.arange(len(bins)))), (bins.max() + 1, len(bins)))
        return np.abs(by_bin @ self.weights.astype(np.float64)).sum(axis=0) / self._total

    @cached_property
    def _ranking(self) -> tuple[np.ndarray, np.ndarray]:
        """ROC AUC and average precision of each class against the others, (n_classes, B) each."""
        areas_and_precisions = [
            _area_and_precision(self.y_true == label, self.proba[:, label], self.weights)
            for label in range(self.n_classes)
        ]
        areas, precisions = zip(*areas_and_precisions, strict=True)
        return np.array(areas), np.array(precisions)

    def roc_auc(self) -> np.ndarray:
        """Return the mean area under the ROC curve, one class versus the rest, over the classes that are present."""
        present = np.isfinite(self._ranking[0])
        return _mean_of_defined(np.where(present, self._ranking[0], 0), present.astype(float))

    def roc_auc_weighted(self) -> np.ndarray:
        """Return the same, weighted by the images of each class."""
        area, true = self._ranking[0], self._confusion[1]
        present = np.isfinite(area) & (true > 0)
        weights = np.where(present, true, 0).sum(axis=0)
        summed = np.where(present, area * true, 0).sum(axis=0)
        return np.divide(summed, weights, out=np.full_like(summed, np.nan), where=weights > 0)

    def average_precision(self) -> np.ndarray:
        """Return the mean average precision; 0 for classes without test images.

        A class of the test set that a resample lacks is left out of its mean.
        """
        precision = self._ranking[1]
        in_test_set = np.isin(np.arange(self.n_classes), self.y_true)
        present = np.isfinite(precision)
        means = _mean_of_defined(np.where(present, precision, 0), present.astype(float))
        return means * in_test_set.mean()


Metric = Callable[[WeightedPredictions], np.ndarray]
FROM_CLASSES: dict[str, Metric] = {
    "balanced_accuracy": WeightedPredictions.balanced_accuracy,
    "mcc": WeightedPredictions.mcc,
    "cohen_kappa": WeightedPredictions.cohen_kappa,
}
FROM_PROBABILITIES: dict[str, Metric] = {
    "log_loss": WeightedPredictions.log_loss,
    "brier": WeightedPredictions.brier,
    "roc_auc.macro": WeightedPredictions.roc_auc,
    "roc_auc.weighted": WeightedPredictions.roc_auc_weighted,
    "average_precision": WeightedPredictions.average_precision,
    "ece": WeightedPredictions.ece,
}
METRICS: dict[str, Metric] = {
    "accuracy": WeightedPredictions.accuracy,
    "macro_f1": WeightedPredictions.macro_f1,
    **FROM_CLASSES,
    **FROM_PROBABILITIES,
}


def evaluate_metric(name: str, y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray) -> float | None:
    """Return a metric, a key of METRICS; None where it is undefined."""
    return _finite(METRICS[name](WeightedPredictions(y_true, y_pred, proba, _ones(y_true)))[0])


def metrics_with_intervals(
    y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray, seed: int, probabilities: bool
) -> dict[str, tuple[float | None, Interval | None]]:
    """Return name -> value and 95% bootstrap interval over the test images; None where it is undefined.

    Intervals are of percentiles. That of `ece`, which resampling increases as the finite test set does, is of
    percentiles reflected at the value (basic bootstrap), and extended to hold it.
    """
    plain = WeightedPredictions(y_true, y_pred, proba, _ones(y_true))
    resampled = WeightedPredictions(
        y_true, y_pred, proba, resample_weights(len(y_true), seed, proba.shape[1])
    )
    found: dict[str, tuple[float | None, Interval | None]] = dict.fromkeys(FROM_PROBABILITIES, (None, None))
    for name, metric in (FROM_CLASSES | (FROM_PROBABILITIES if probabilities else {})).items():
        value = _finite(metric(plain)[0])
        interval = None if value is None else percentile_interval(metric(resampled))
        if name == "ece" and value is not None and interval is not None:
            low, high = interval
            interval = max(0.0, min(2 * value - high, value)), min(1.0, max(2 * value - low, value))
        found[name] = value, interval
    return {name: found[name] for name in (*FROM_CLASSES, *FROM_PROBABILITIES)}


def percentile_interval(values: np.ndarray) -> Interval | None:
    """Return the central 95% of resampled values (B,), without those that are NaN; None if all are."""
    defined = values[np.isfinite(values)]
    tail = 100 * (1 - CONFIDENCE) / 2
    return tuple(np.percentile(defined, (tail, 100 - tail)).tolist()) if len(defined) else None


def _ones(y_true: np.ndarray) -> np.ndarray:
    return np.ones((len(y_true), 1), np.float32)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _sum_by(groups: np.ndarray, n_groups: int, weights: np.ndarray) -> np.ndarray:
    """Return the sum of weights (n, B) in each group, (n_groups, B) float64. Sums below 2**24 are exact."""
    n = len(groups)
    by_group = csr_array((np.ones(n, np.float32), (groups, np.arange(n))), (n_groups, n))
    return (by_group @ weights).astype(np.float64)


def _mean_of_defined(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Return the mean over rows of numerators / denominators (n, B) where the denominator is not 0; else NaN."""
    defined = denominators > 0
    ratios = np.divide(numerators, denominators, out=np.zeros_like(numerators), where=defined)
    count = defined.sum(axis=0)
    return np.divide(ratios.sum(axis=0), count, out=np.full(len(count), np.nan), where=count > 0)


def _area_and_precision(
    positive: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the area under the ROC curve and the average precision of one class, (B,) each; NaN if undefined.

    positive: (N,) bool. scores: (N,). weights: (N, B). Only the scores of positive images change the recall, so the
    others are counted between them: a positive image outranks the negative ones below, and half of those that tie.
    """
    thresholds = np.unique(scores[positive])
    n = len(thresholds)
    if not n:
        undefined = np.full(weights.shape[1], np.nan)
        return undefined, undefined
    # Groups: the intervals below, between and above thresholds and the thresholds themselves, by turns; then positives.
    left, right = (np.searchsorted(thresholds, scores, side) for side in ("left", "right"))
    sums = _sum_by(np.where(positive, 2 * n + 1 + left, left + right), 3 * n + 1, weights)
    negatives, positives = sums[: 2 * n + 1], sums[2 * n + 1 :]
    n_positive, n_negative = positives.sum(axis=0), negatives.sum(axis=0)
    below = np.cumsum(negatives, axis=0)[0:-1:2]
    outranked = (positives * (below + negatives[1::2] / 2)).sum(axis=0)
    pairs = n_positive * n_negative
    area = np.divide(outranked, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    true_above = np.cumsum(positives[::-1], axis=0)[::-1]
    precision = true_above / np.maximum(true_above + n_negative - below, 1)
    summed = (positives * precision).sum(axis=0)
    return area, np.divide(summed, n_positive, out=np.full(len(pairs), np.nan), where=n_positive > 0)
