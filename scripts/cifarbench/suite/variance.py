"""How much of an accuracy is luck: of initial weights, of the order of batches, of the split; and who beats whom then.

Nothing here is about the finite number of test images, whose intervals stand elsewhere and are never mixed in; but
another split has other test images, so a split's luck holds theirs.
"""

from itertools import combinations

import numpy as np
from scipy.stats import chi2

from cifarbench.evaluation.statistics import CONFIDENCE, bootstrap_interval
from cifarbench.io.csv_io import Row
from cifarbench.planning.variants import ALL_FACTORS, DATA_ORDER, INIT, SEED, SPLIT
from cifarbench.suite.results_table import drop_failed, fully_randomized_runs

FACTORS = (SEED, INIT, DATA_ORDER, SPLIT, ALL_FACTORS)
VARIANCE_COLUMNS = (
    "dataset",
    "model",
    "source",
    "runs",
    "accuracy_mean",
    "accuracy_std",
    "std_low",
    "std_high",
)
WIN_COLUMNS = ("dataset", "model_a", "model_b", "pairs", "p_a_beats_b", "ci_low", "ci_high", "verdict")
# With fewer pairs, even a model that wins all of them could be lucky (sign test: 2 / 2^5 is above 0.05).
MIN_PAIRS = 6
# So many pairs find a probability of 0.75 with 5% of errors of either kind (Bouthillier 2021, arXiv 2103.03098).
RECOMMENDED_PAIRS = 29
MEANINGFUL_PROBABILITY = 0.75


def variance_by_source(rows: list[Row], dataset: str) -> list[Row]:
    """Of each model of a dataset and each source of chance that was varied alone, or of all at once, how much it does.

    rows: those of the dataset. `accuracy_std` is the sample standard deviation over the runs, the model's own among
    them; `std_low` and `std_high` are its 95% interval if accuracies are normal.
    """
    whole = [one for one in drop_failed(rows) if one["whole"]]
    found = []
    for model in dict.fromkeys(one["model"] for one in whole):
        own = [one["accuracy"] for one in whole if one["model"] == model and not one["varied"]]
        for source in FACTORS:
            others = [one["accuracy"] for one in whole if (one["model"], one["varied"]) == (model, source)]
            if own and others:
                found.append(
                    {"dataset": dataset, "model": model, "source": source, **mean_std_ci([*own, *others])}
                )
    return found


def mean_std_ci(accuracies: list[float]) -> Row:
    """Mean and sample standard deviation of two or more accuracies, and the latter's 95% interval."""
    freedom = len(accuracies) - 1
    std = float(np.std(accuracies, ddof=1))
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    high, low = (float(std * np.sqrt(freedom / chi2.ppf(tail, freedom))) for tail in tails)
    return {
        "runs": len(accuracies),
        "accuracy_mean": float(np.mean(accuracies)),
        "accuracy_std": std,
        "std_low": low,
        "std_high": high,
    }


def win_probabilities(rows: list[Row], dataset: str, models: list[str], seed: int) -> list[Row]:
    """Of every two models of a dataset, how likely the first beats the second when all that can vary does.

    rows: those of the dataset. A pair are two runs on the same split, a draw counts half. `ci_low` and `ci_high` are
    the bootstrap interval over pairs. `verdict` is `too few`, `meaningful`, or `not meaningful`: the probability is
    0.75 at least for one of them, and the interval does not reach 0.5. seed: of the bootstrap.
    """
    found = []
    runs = fully_randomized_runs(rows)
    for a, b in combinations([model for model in models if len(runs.get(model, {})) > 1], 2):
        splits = sorted(runs[a].keys() & runs[b].keys())
        difference = np.array([runs[a][split]["accuracy"] - runs[b][split]["accuracy"] for split in splits])
        if len(splits) < 2:
            continue
        wins = (np.sign(difference) + 1) / 2
        low, high = bootstrap_interval(wins, np.mean, seed)
        found.append(
            {
                "dataset": dataset,
                "model_a": a,
                "model_b": b,
                "pairs": len(splits),
                "p_a_beats_b": float(wins.mean()),
                "ci_low": low,
                "ci_high": high,
                "verdict": _verdict(len(splits), float(wins.mean()), low, high),
            }
        )
    return found


def _verdict(n_pairs: int, probability: float, low: float, high: float) -> str:
    if n_pairs < MIN_PAIRS:
        return "too few"
    for better, bound in ((probability, low), (1 - probability, 1 - high)):
        if better >= MEANINGFUL_PROBABILITY and bound > 0.5:
            return "meaningful"
    return "not meaningful"
