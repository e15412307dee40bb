"""What a comparison can tell: ranks, the best model's corrected score, detectable differences, and baselines."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from cifarbench.evaluation import ranking
from cifarbench.evaluation.crossed_bootstrap import crossed_difference, variance_shares
from cifarbench.evaluation.ranking_metric import LOSSES, read_metric, read_score, resampled_scores
from cifarbench.evaluation.weighted_metrics import resample_weights

DIFFERENT = ("different", "negligible")
Predictions = dict[str, np.ndarray]


@dataclass(frozen=True)
class Ranking:
    """The ranked models, and their scores on the test images and on bootstrap resamples of them.

    names: models in the configuration's order. scores: (M,), higher is better. resampled, out_of_bag: (B, M), of the
    images in and not in each resample. better: (M, M) bool, whether the model of the row is significantly better.
    """

    metric: str
    names: list[str]
    scores: np.ndarray
    resampled: np.ndarray
    out_of_bag: np.ndarray
    better: np.ndarray

    @property
    def best(self) -> int:
        """The index of the best model; of equals the first."""
        return int(self.scores.argmax())

    @property
    def tied(self) -> np.ndarray:
        """Which models are not significantly worse than the best one, (M,) bool, itself included."""
        return ~self.better[self.best]

    def columns(self) -> dict[str, dict[str, Any]]:
        """Return model -> the columns of comparison.csv on ranks."""
        columns = dict(
            zip(
                ("rank", "rank_low", "rank_high"),
                ranking.rank_intervals(self.scores, self.better),
                strict=True,
            )
        )
        columns |= {"p_best": ranking.probability_of_best(self.resampled), "tied_with_best": self.tied}
        return {
            name: {column: values[i].item() for column, values in columns.items()}
            for i, name in enumerate(self.names)
        }


def rank_models(
    metric: str,
    metrics: dict[str, dict[str, Any]],
    predictions: dict[str, Predictions],
    tests: dict[str, list[Any]],
    seed: int,
) -> Ranking | None:
    """Rank models by a metric; None without models that have it.

    Significance is that of the paired tests for accuracy, and of the largest studentised difference in bootstrap
    resamples for other metrics.

    metrics, predictions: model -> content of metrics.json and arrays of predictions.npz, on the same images. tests:
    columns of paired_tests.csv. seed: of the bootstrap.
    """
    names = [name for name in predictions if np.isfinite(read_score(metrics[name], metric))]
    if not names:
        return None
    proba = predictions[names[0]]["proba"]
    weights = resample_weights(len(proba), seed, proba.shape[1])
    resampled, out_of_bag = (
        np.stack([resampled_scores(metric, **predictions[name], weights=some) for name in names], axis=1)
        for some in (weights, (weights == 0).astype(np.float32))
    )
    scores = np.array([read_score(metrics[name], metric) for name in names])
    better = (
        better_in_tests(names, tests)
        if metric == "accuracy"
        else ranking.significantly_better(scores, resampled)
    )
    return Ranking(metric, names, scores, resampled, out_of_bag, better)


def better_in_tests(names: list[str], tests: dict[str, list[Any]]) -> np.ndarray:
    """Return which models are significantly better than which by paired tests, (M, M) bool.

    names: of the models. tests: columns of paired_tests.csv.
    """
    better = np.zeros((len(names),) * 2, bool)
    columns = ("model_a", "model_b", "accuracy_difference", "verdict")
    for a, b, difference, verdict in zip(*(tests[column] for column in columns), strict=True):
        if verdict in DIFFERENT and a in names and b in names:
            winner, loser = (a, b) if difference > 0 else (b, a)
            better[names.index(winner), names.index(loser)] = True
    return better


def describe_best(ranks: Ranking, metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the best model, its score with and without the bias of its selection, and who ties, ready for JSON.

    The interval of the corrected score is that of the plain one, moved by the correction: it is as wide, since the test
    images are as many.
    """
    name, sign = ranks.names[ranks.best], -1 if ranks.metric in LOSSES else 1
    value, interval = read_metric(metrics[name], ranks.metric)
    # Models without the metric are not ranked.
    assert value is not None and interval is not None
    corrected = value
    if len(ranks.names) > 1:
        corrected = sign * ranking.corrected_best_score(ranks.resampled, ranks.out_of_bag)
    bounds = (0.0 if ranks.metric != "mcc" else -1.0, np.inf if ranks.metric in LOSSES else 1.0)
    return {
        "model": name,
        "value": value,
        "ci95": interval,
        "corrected": corrected,
        "corrected_ci95": [float(np.clip(end + corrected - value, *bounds)) for end in interval],
        "tied": [
            other for other, tied in zip(ranks.names, ranks.tied, strict=True) if tied and other != name
        ],
    }


def describe_power(correct: dict[str, np.ndarray]) -> dict[str, Any] | None:
    """Return the smallest difference in accuracy that the test set detects, ready for JSON; None with one model.

    For a pair that differs on as many images as the median pair. correct: model -> (N,) bool.
    """
    pairs = list(combinations(correct.values(), 2))
    if not pairs:
        return None
    discordance = float(np.median([np.mean(a != b) for a, b in pairs]))
    n_images = len(pairs[0][0])
    return {
        "difference": ranking.detectable_difference(discordance, n_images, len(pairs)),
        "power": ranking.POWER,
        "discordance": discordance,
        "n_pairs": len(pairs),
    }


def seed_columns(
    pairs: list[tuple[str, str]], correct_of_seeds: dict[str, np.ndarray], seed: int
) -> dict[str, list[float | None]]:
    """Return the columns of paired_tests.csv on recipes, over test images and seeds; None where both have one run.

    correct_of_seeds: model -> (n_seeds, N) bool. seed: of the bootstrap.
    """
    columns: dict[str, list[float | None]] = {"seeds_difference": [], "seeds_ci_low": [], "seeds_ci_high": []}
    for a, b in pairs:
        correct_a, correct_b = correct_of_seeds[a], correct_of_seeds[b]
        several = max(len(correct_a), len(correct_b)) > 1
        found = crossed_difference(correct_a, correct_b, seed) if several else None
        values = (found.difference, found.low, found.high) if found else (None,) * 3
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    return columns


def describe_variance(correct_of_seeds: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Return model -> the shares of test images and seeds in the variance of a run's accuracy, ready for JSON."""
    return {
        model: variance_shares(correct) for model, correct in correct_of_seeds.items() if len(correct) > 1
    }
