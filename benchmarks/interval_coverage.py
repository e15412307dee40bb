"""Simulate intervals, ranks, corrections and power on models whose true scores are known, and print tables.

    python benchmarks/interval_coverage.py --repeats 500

The tables of docs/statistics.md were made by this command. Models share the difficulty of the images, as real ones do.
"""

import argparse

import numpy as np
from scipy.stats import norm
from tabulate import tabulate

from cifarbench.evaluation import ranking
from cifarbench.evaluation.crossed_bootstrap import crossed_difference
from cifarbench.evaluation.metrics import macro_f1_interval
from cifarbench.evaluation.statistics import (
    equivalence_p_value,
    mcnemar_p_value,
    paired_tests,
    wilson_interval,
)
from cifarbench.evaluation.verdict import better_in_tests
from cifarbench.evaluation.weighted_metrics import (
    METRICS,
    WeightedPredictions,
    evaluate_metric,
    percentile_interval,
    resample_weights,
)

# Correlation of two models' answers to an image, before they are cut into correct and wrong.
CORRELATION = 0.6


def simulate_correct(accuracies: list[float], n: int, random: np.random.Generator) -> np.ndarray:
    """Return which of n images each model classifies correctly, (M, n) bool."""
    shared, own = random.normal(size=n), random.normal(size=(len(accuracies), n))
    latent = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own
    return latent < norm.ppf(accuracies)[:, None]


def simulate_proba(n: int, shares: list[float], random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return true classes, predictions and probabilities of a model on n images whose classes have these shares."""
    y_true = random.choice(len(shares), size=n, p=shares)
    logits = random.normal(size=(n, len(shares))) + 1.5 * np.eye(len(shares))[y_true] + np.log(shares)
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y_true, proba.argmax(axis=1), proba


def metric_coverage(repeats: int) -> list[list]:
    """Return the share of 95% intervals that hold the metric of very many images, for balanced and small classes."""
    rows = []
    cases = {
        "3 equal classes, 300 images": (300, [1 / 3] * 3),
        "one class of 2%, 500 images": (500, [0.49, 0.49, 0.02]),
    }
    names = [
        "balanced_accuracy",
        "macro_f1",
        "mcc",
        "log_loss",
        "brier",
        "roc_auc.macro",
        "average_precision",
        "ece",
    ]
    for case, (n, shares) in cases.items():
        sample = simulate_proba(400_000, shares, np.random.default_rng(1))
        truth = {name: evaluate_metric(name, *sample) for name in names}
        held = dict.fromkeys(names, 0)
        for seed in range(repeats):
            predictions = simulate_proba(n, shares, np.random.default_rng([2, seed]))
            weighted = WeightedPredictions(*predictions, resample_weights(n, seed))
            for name in names:
                low, high = _interval(name, weighted, seed)
                held[name] += low <= truth[name] <= high
        rows += [[case, name, held[name] / repeats] for name in names]
    return rows


def _interval(name: str, weighted: WeightedPredictions, seed: int) -> tuple[float, float]:
    if name == "macro_f1":
        cells = weighted.y_true * weighted.n_classes + weighted.y_pred
        matrix = np.bincount(cells, minlength=weighted.n_classes**2).reshape(weighted.n_classes, -1)
        return macro_f1_interval(matrix, seed)
    low, high = percentile_interval(METRICS[name](weighted))
    if name == "ece":
        value = evaluate_metric(name, weighted.y_true, weighted.y_pred, weighted.proba)
        return max(0.0, min(2 * value - high, value)), max(2 * value - low, value)
    return low, high


def rank_coverage(repeats: int, n: int = 400) -> list[list]:
    """Return how often all rank intervals hold at once, by both kinds of tests, and their mean width."""
    cases = {
        "5 equal": [0.8] * 5,
        "near ties": [0.80, 0.80, 0.81, 0.81, 0.85],
        "16 from 0.60 to 0.90": list(np.linspace(0.6, 0.9, 16)),
    }
    rows = []
    for case, accuracies in cases.items():
        true = np.array(accuracies)
        best, worst = 1 + (true > true[:, None]).sum(axis=1), (true >= true[:, None]).sum(axis=1)
        held, width = np.zeros(2), np.zeros(2)
        for seed in range(repeats):
            correct = simulate_correct(accuracies, n, np.random.default_rng([3, seed]))
            scores, names = correct.mean(axis=1), [str(i) for i in range(len(true))]
            resampled = (correct.astype(np.float32) @ resample_weights(n, seed) / n).T
            matrices = (
                better_in_tests(names, paired_tests(dict(zip(names, correct, strict=True)))),
                ranking.significantly_better(scores, resampled),
            )
            for method, better in enumerate(matrices):
                _, low, high = ranking.rank_intervals(scores, better)
                held[method] += (low <= best).all() and (high >= worst).all()
                width[method] += np.mean(high - low + 1)
        for method, label in enumerate(("McNemar, Holm", "bootstrap")):
            rows.append([case, label, held[method] / repeats, width[method] / repeats])
    return rows


def best_score(repeats: int, n: int = 400) -> list[list]:
    """Return the bias of the best model's accuracy and its coverage, plain and corrected."""
    rows = []
    for case, accuracies in {
        "1 of 2, 0.7 and 0.9": [0.7, 0.9],
        "10 equal": [0.8] * 10,
        "5 equal and one better by 0.02": [0.8] * 5 + [0.82],
    }.items():
        bias, held = np.zeros(2), np.zeros(2)
        for seed in range(repeats):
            correct = simulate_correct(accuracies, n, np.random.default_rng([4, seed]))
            weights = resample_weights(n, seed)
            outside = (weights == 0).astype(np.float32)
            resampled = (correct.astype(np.float32) @ weights / n).T
            out_of_bag = (correct.astype(np.float32) @ outside / outside.sum(axis=0)).T
            best = int(correct.mean(axis=1).argmax())
            plain = float(correct[best].mean())
            corrected = ranking.corrected_best_score(resampled, out_of_bag)
            low, high = wilson_interval(int(correct[best].sum()), n)
            for i, value in enumerate((plain, corrected)):
                bias[i] += value - accuracies[best]
                held[i] += low + value - plain <= accuracies[best] <= high + value - plain
        for i, label in enumerate(("plain", "corrected")):
            rows.append([case, label, bias[i] / repeats, held[i] / repeats])
    return rows


def power(repeats: int) -> list[list]:
    """Return the power at the smallest detectable difference, and the errors of the equivalence test at its margin."""
    rows, random = [], np.random.default_rng(5)
    for n, discordance in ((360, 0.1), (1000, 0.1), (10_000, 0.02), (10_000, 0.1)):
        difference = ranking.detectable_difference(discordance, n)
        shares = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
        found = [
            mcnemar_p_value(np.repeat([True, False], [b, c]), np.repeat([False, True], [b, c])) < 0.05
            for b, c, _ in random.multinomial(n, shares, size=repeats)
        ]
        shares = [(discordance + 0.01) / 2, (discordance - 0.01) / 2, 1 - discordance]
        wrong = [
            equivalence_p_value(b, c, n, 0.01) < 0.05
            for b, c, _ in random.multinomial(n, shares, size=repeats)
        ]
        rows.append([n, discordance, difference, np.mean(found), np.mean(wrong)])
    return rows


def seeds_coverage(repeats: int, n: int = 400) -> list[list]:
    """Return the share of intervals over images and seeds that hold the difference of two equal recipes."""
    rows = []
    for n_seeds in (3, 5, 10):
        for spread in (0.0, 0.01, 0.03):
            held = 0
            for seed in range(repeats):
                random = np.random.default_rng([6, seed])
                difficulty = random.normal(0, 0.2, size=n)
                runs = [
                    random.random((n_seeds, n))
                    < np.clip(0.6 + difficulty + random.normal(0, spread, size=(n_seeds, 1)), 0, 1)
                    for _ in range(2)
                ]
                found = crossed_difference(*runs, seed)
                held += found.low <= 0 <= found.high
            rows.append([n_seeds, spread, held / repeats])
    return rows


TABLES = {
    "metrics": (metric_coverage, ["test set", "metric", "coverage"]),
    "ranks": (rank_coverage, ["models", "tests", "all hold", "mean width"]),
    "best": (best_score, ["models", "score", "bias", "coverage"]),
    "power": (power, ["images", "disagreement", "detectable", "power", "equivalence, error"]),
    "seeds": (seeds_coverage, ["seeds", "std of seeds", "coverage"]),
}


def main() -> None:
    """Print the tables that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="tables to print; all by default")
    parser.add_argument("--repeats", type=int, default=500, help="simulated test sets per row")
    arguments = parser.parse_args()
    for name in arguments.tables or TABLES:
        simulate, headers = TABLES[name]
        print(f"\n{name}\n")
        print(tabulate(simulate(arguments.repeats), headers, tablefmt="github", floatfmt=".3f"))


if __name__ == "__main__":
    main()
