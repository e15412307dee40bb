"""Ranks of models with their uncertainty, and the score of the best model corrected for its selection.

The uncertainty is that of the test images: the models are those that were fitted.
"""

from itertools import combinations

import numpy as np
from scipy.stats import norm

from cifarbench.evaluation.statistics import CONFIDENCE

POWER = 0.8
# Differences of resampled scores below this are rounding.
TOLERANCE = 1e-12
MAX_ITERATIONS = 200


def rank_intervals(scores: np.ndarray, better: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ranks from 1 and the ends of their simultaneous 95% intervals, (M,) int each; ties share the best.

    The intervals are from tests of all pairs (Mogstad et al. 2024, Rev. Econ. Stud. 91).
    A model's rank is at least 1 plus the number of models that are significantly better, and at most M minus the number
    of those that are significantly worse. If the tests have a familywise error of 5%, all intervals hold together with
    95%, for true ties and near ties, too.

    scores: (M,), higher is better. better: (M, M) bool, whether the model of the row is significantly better.
    """
    rank = 1 + (scores[None, :] > scores[:, None]).sum(axis=1)
    return rank, 1 + better.sum(axis=0), len(scores) - better.sum(axis=1)


def significantly_better(scores: np.ndarray, resampled: np.ndarray) -> np.ndarray:
    """Return which models are significantly better than which, at a familywise error of 5%: (M, M) bool.

    The largest studentised difference of all pairs in the resamples gives the critical value (Romano and Wolf 2005,
    Econometrica 73). scores: (M,). resampled: (B, M), scores of the same bootstrap resamples of the test images.
    """
    better = np.zeros((len(scores),) * 2, bool)
    pairs = np.array(list(combinations(range(len(scores)), 2)), int).reshape(-1, 2)
    difference = scores[pairs[:, 0]] - scores[pairs[:, 1]]
    deviation = resampled[:, pairs[:, 0]] - resampled[:, pairs[:, 1]] - difference
    error = np.nanstd(deviation, axis=0)
    varies = error > TOLERANCE
    if not varies.any():
        return better
    largest = np.nanmax(np.abs(deviation[:, varies]) / error[varies], axis=1)
    is_significant = np.zeros(len(pairs), bool)
    is_significant[varies] = np.abs(difference[varies]) / error[varies] > np.quantile(largest, CONFIDENCE)
    for (first, second), higher in zip(pairs[is_significant], difference[is_significant] > 0, strict=True):
        better[(first, second) if higher else (second, first)] = True
    return better


def tied_groups(scores: np.ndarray, better: np.ndarray) -> np.ndarray:
    """Return the group of each model, (M,) int from 1: those that are not significantly worse than the group's best.

    scores, better: as for `rank_intervals`.
    """
    groups = np.zeros(len(scores), int)
    for best in np.argsort(-scores, kind="stable"):
        if not groups[best]:
            groups[(groups == 0) & ~better[best]] = groups.max() + 1
    return groups


def probability_of_best(resampled: np.ndarray) -> np.ndarray:
    """Return the share of resamples in which each model has the highest score, (M,); ties are shared equally.

    resampled: (B, M); resamples with an undefined score are left out.
    """
    defined = resampled[np.isfinite(resampled).all(axis=1)]
    is_best = defined >= defined.max(axis=1, keepdims=True) - TOLERANCE
    return (is_best / is_best.sum(axis=1, keepdims=True)).mean(axis=0)


def corrected_best_score(resampled: np.ndarray, out_of_bag: np.ndarray) -> float:
    """Return the score of the best model without the bias of having been selected on the same images.

    In each bootstrap resample, the best model is selected, and scored on the images that the resample lacks (about 37%
    of the test images); the mean of these scores is returned (bootstrap bias correction; Tsamardinos et al. 2018,
    Machine Learning 107). With equal models it is unbiased, where correcting by the resamples' own optimism is not; a
    held-out half would select by fewer images.

    resampled, out_of_bag: (B, M), scores on the images in and not in each resample.
    """
    defined = np.isfinite(resampled).all(axis=1) & np.isfinite(out_of_bag).all(axis=1)
    selected = resampled[defined].argmax(axis=1)
    return float(out_of_bag[defined, :][np.arange(len(selected)), selected].mean())


def detectable_difference(discordance: float, n_images: int, n_pairs: int = 1) -> float:
    """Return the smallest true difference in accuracy that McNemar's test detects with a power of 80%.

    discordance: share of images that only one of the two models classifies correctly; at least the difference itself.
    n_pairs: number of tests, among which the level of 5% is divided. Normal approximation (Miettinen 1968, Biometrics
    24); 1 if no difference is detected.
    """
    z_level, z_power = norm.ppf(1 - (1 - CONFIDENCE) / 2 / n_pairs), norm.ppf(POWER)
    a, difference = n_images + z_power**2, 1 / n_images
    for _ in range(MAX_ITERATIONS):
        # sqrt(n) d = z_level sqrt(p) + z_power sqrt(p - d²), solved for d.
        share = max(discordance, difference)
        b = z_level * np.sqrt(share * n_images)
        solved = (b + np.sqrt(max(b**2 - a * (z_level**2 - z_power**2) * share, 0))) / a
        if abs(solved - difference) < TOLERANCE:
            break
        difference = float(min(solved, 1.0))
    return difference
