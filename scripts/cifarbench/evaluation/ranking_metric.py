"""The metric that ranks models, chosen by the key `metric`: higher scores are better, losses are negated."""

import math
from typing import Any

import numpy as np

from cifarbench.errors import UserError
from cifarbench.evaluation.statistics import Interval
from cifarbench.evaluation.weighted_metrics import METRICS, WeightedPredictions, evaluate_metric

# The key's values -> names of weighted_metrics.METRICS.
RANKING_METRICS = {
    **{name: name for name in ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "cohen_kappa")},
    **{"log_loss": "log_loss", "brier": "brier", "roc_auc": "roc_auc.macro"},
    "average_precision": "average_precision",
}
# Names in words, where they are not those of the keys.
LABELS = {
    "mcc": "Matthews correlation",
    "cohen_kappa": "Cohen's kappa",
    "brier": "Brier score",
    "roc_auc": "ROC AUC",
    "macro_f1": "macro F1",
}
LOSSES = ("log_loss", "brier")
NEED_PROBABILITIES = (*LOSSES, "roc_auc", "average_precision")


def score(metric: str, y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray) -> float:
    """Return the score of predictions, negated for a loss, as scikit-learn's scorers have it.

    y_true, y_pred: (N,) int. proba: (N, n_classes). Raises UserError if the metric is undefined for these images.
    """
    value = evaluate_metric(RANKING_METRICS[metric], y_true, y_pred, proba)
    if value is None:
        raise UserError(
            f"metric is {metric}, which is undefined for {len(y_true)} images of one class; choose another metric"
        )
    return -value if metric in LOSSES else value


def read_metric(scores: dict[str, Any], metric: str) -> tuple[float | None, Interval | None]:
    """Return a metric and its interval from the content of metrics.json; None where it is undefined."""
    if metric == "macro_f1":
        return scores["macro"]["f1"], scores["macro_f1_ci95"]
    value, interval = scores[metric], scores[f"{metric}_ci95"]
    return (value["macro"], interval["macro"]) if metric == "roc_auc" else (value, interval)


def read_score(scores: dict[str, Any], metric: str) -> float:
    """Return the score by which models are ranked, from the content of metrics.json; -inf where it is undefined."""
    value, _ = read_metric(scores, metric)
    if value is None:
        return -math.inf
    return -value if metric in LOSSES else value


def resampled_scores(
    metric: str, y_true: np.ndarray, y_pred: np.ndarray, proba: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the scores of resamples, (B,) float64; NaN where undefined. weights: (N, B), of `resample_weights`."""
    values = METRICS[RANKING_METRICS[metric]](WeightedPredictions(y_true, y_pred, proba, weights))
    return -values if metric in LOSSES else values


def metric_label(metric: str) -> str:
    """Return a score's name in words: `balanced accuracy`, `negative log loss`."""
    name = LABELS.get(metric, metric.replace("_", " "))
    return f"negative {name}" if metric in LOSSES else name


def check_probabilities(metric: str, has_probabilities: bool) -> None:
    """Raise UserError if a metric needs probabilities and a classifier has none."""
    if metric in NEED_PROBABILITIES and not has_probabilities:
        raise UserError(
            f"metric is {metric}, which needs probabilities, and this classifier gives none; choose another metric"
        )
