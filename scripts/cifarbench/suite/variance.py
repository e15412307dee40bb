"""Variance of accuracy over initial weights, order of batches, split and test images; and win probabilities.

Other factors than `test_images` keep the test images, except that another split also has other test images.
"""

from itertools import combinations

import numpy as np
from scipy.stats import chi2

from cifarbench.evaluation.statistics import CONFIDENCE, bootstrap_interval
from cifarbench.io.csv_io import Row, drop_failed
from cifarbench.planning.variants import ALL_FACTORS, DATA_ORDER, INIT, REFERENCE, SEED, SPLIT, TEST_IMAGES
from cifarbench.suite.results_table import fully_randomized_runs, reference_runs

FACTORS = (SEED, INIT, DATA_ORDER, SPLIT, ALL_FACTORS)
VARIANCE_COLUMNS = (
    "dataset",
    "model",
    "factor",
    "n_runs",
    "accuracy_mean",
    "accuracy_std",
    "std_ci_low",
    "std_ci_high",
)
WIN_COLUMNS = ("dataset", "model_a", "model_b", "n_pairs", "p_a_beats_b", "ci_low", "ci_high", "verdict")
# With fewer pairs, not even a model that wins all of them is significantly better (sign test: 2 / 2^5 is above 0.05).
MIN_PAIRS = 6
# Pairs that detect a probability of 0.75 with 5% of errors of either kind (Bouthillier 2021, arXiv 2103.03098).
RECOMMENDED_PAIRS = 29
MEANINGFUL_PROBABILITY = 0.75


def accuracy_spread_by_factor(rows: list[Row], dataset: str) -> list[Row]:
    """Return mean and standard deviation of accuracy for each model of a dataset and each varied factor.

    rows: those of the dataset. `accuracy_std` is the sample standard deviation over the runs, the reference run among
    them; `std_ci_low` and `std_ci_high` are its 95% interval if accuracies are normal. That of `test_images` is the
    binomial one of the reference run, without an interval; models of which no factor varies have none.
    """
    accuracies: dict[tuple[str, str], list[float]] = {}
    for row in drop_failed(rows):
        if row["full_train"]:
            accuracies.setdefault((row["model"], row["varied_factor"] or REFERENCE), []).append(
                row["accuracy"]
            )
    spreads = [
        {
            "dataset": dataset,
            "model": model,
            "factor": factor,
            **mean_std_ci(accuracies[model, REFERENCE] + accuracies[model, factor]),
        }
        for model in dict.fromkeys(model for model, _ in accuracies)
        for factor in FACTORS
        if (model, REFERENCE) in accuracies and (model, factor) in accuracies
    ]
    varied = list(dict.fromkeys(spread["model"] for spread in spreads))
    references = [run for run in reference_runs(drop_failed(rows)) if run["model"] in varied]
    spreads += map(_spread_due_to_test_images, references)
    return sorted(spreads, key=lambda spread: varied.index(spread["model"]))


def _spread_due_to_test_images(run: Row) -> Row:
    accuracy = run["accuracy"]
    return {
        "dataset": run["dataset"],
        "model": run["model"],
        "factor": TEST_IMAGES,
        "n_runs": 1,
        "accuracy_mean": accuracy,
        "accuracy_std": float(np.sqrt(accuracy * (1 - accuracy) / run["n_test"])),
        "std_ci_low": None,
        "std_ci_high": None,
    }


def mean_std_ci(accuracies: list[float]) -> Row:
    """Return mean and sample standard deviation of two or more accuracies, and the 95% interval of the latter."""
    freedom = len(accuracies) - 1
    std = float(np.std(accuracies, ddof=1))
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    high, low = (float(std * np.sqrt(freedom / chi2.ppf(tail, freedom))) for tail in tails)
    return {
        "n_runs": len(accuracies),
        "accuracy_mean": float(np.mean(accuracies)),
        "accuracy_std": std,
        "std_ci_low": low,
        "std_ci_high": high,
    }


def pairwise_win_probabilities(rows: list[Row], dataset: str, models: list[str], seed: int) -> list[Row]:
    """Return, for each two models of a dataset, the probability that the first beats the second when all factors vary.

    rows: those of the dataset. A pair is two runs on the same split; a tie counts half. `ci_low` and `ci_high` are the
    bootstrap interval over pairs. `verdict` is `too few`, `meaningful` (the probability is at least 0.75 for one of the
    models, and its interval is above 0.5) or `not meaningful`. seed: of the bootstrap.
    """
    probabilities = []
    runs = fully_randomized_runs(rows)
    for a, b in combinations([model for model in models if len(runs.get(model, {})) > 1], 2):
        splits = sorted(runs[a].keys() & runs[b].keys())
        difference = np.array([runs[a][split]["accuracy"] - runs[b][split]["accuracy"] for split in splits])
        if len(splits) < 2:
            continue
        wins = (np.sign(difference) + 1) / 2
        low, high = bootstrap_interval(wins, np.mean, seed)
        probabilities.append(
            {
                "dataset": dataset,
                "model_a": a,
                "model_b": b,
                "n_pairs": len(splits),
                "p_a_beats_b": float(wins.mean()),
                "ci_low": low,
                "ci_high": high,
                "verdict": _verdict(len(splits), float(wins.mean()), low, high),
            }
        )
    return probabilities


def _verdict(n_pairs: int, probability: float, low: float, high: float) -> str:
    if n_pairs < MIN_PAIRS:
        return "too few"
    for better, bound in ((probability, low), (1 - probability, 1 - high)):
        if better >= MEANINGFUL_PROBABILITY and bound > 0.5:
            return "meaningful"
    return "not meaningful"
