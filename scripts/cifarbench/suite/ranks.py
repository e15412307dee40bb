"""Ranks of models across datasets, and tests of all pairs of models if there are enough datasets."""

from itertools import combinations, count
from typing import Any

import numpy as np
from baycomp import SignedRankTest
from scipy.stats import rankdata, wilcoxon
from statsmodels.stats.multitest import multipletests

from cifarbench.io.csv_io import Row
from cifarbench.suite.results_table import filter_dataset, fully_randomized_runs

# Of p-values after Holm's correction.
SIGNIFICANCE_LEVEL = 0.05
# With fewer, a two-sided Wilcoxon test of one pair is never significant: with five, p is 2 / 2^5 at best.
MIN_DATASETS = 6
# In accuracy: the region of practical equivalence.
ROPE = 0.01
# Of the Bayesian test: its probabilities are exact to 0.002.
N_POSTERIOR_SAMPLES = 50_000
RANK_COLUMNS = ("dataset", "model", "n_runs", "accuracy", "rank", "mean_rank")
TEST_COLUMNS = (
    *("model_a", "model_b", "n_datasets", "accuracy_difference", "p_value", "p_value_adjusted"),
    *("p_a_better", "p_equivalent", "p_b_better"),
)
Accuracies = dict[str, dict[str, float]]


def rank_table(rows: list[Row], datasets: list[str], models: list[str]) -> dict[str, list[Any]]:
    """Return the columns of ranks.csv, one entry per dataset and model that has a result on it.

    The accuracy is the mean over the splits on which all models of the dataset have a result. Only models with a result
    on every dataset are ranked, since a rank depends on the other models; ties share the mean of their ranks.
    """
    runs = {dataset: _runs_on_shared_splits(filter_dataset(rows, dataset)) for dataset in datasets}
    means = accuracies(rows, datasets)
    ranked = complete_models(means, models)
    ranks = {
        dataset: dict(
            zip(ranked, rankdata([-means[dataset][model] for model in ranked]).tolist(), strict=True)
        )
        for dataset in datasets
    }
    mean_ranks = {model: float(np.mean([ranks[name][model] for name in datasets])) for model in ranked}
    entries = [
        {
            "dataset": dataset,
            "model": model,
            "n_runs": len(runs[dataset][model]),
            "accuracy": means[dataset][model],
            "rank": ranks[dataset].get(model),
            "mean_rank": mean_ranks.get(model),
        }
        for dataset in datasets
        for model in models
        if model in means[dataset]
    ]
    return {name: [entry[name] for entry in entries] for name in RANK_COLUMNS}


def accuracies(rows: list[Row], datasets: list[str]) -> Accuracies:
    """Return dataset -> model -> mean accuracy over the splits on which all models have a result."""
    return {
        dataset: {
            model: float(np.mean([run["accuracy"] for run in runs]))
            for model, runs in _runs_on_shared_splits(filter_dataset(rows, dataset)).items()
        }
        for dataset in datasets
    }


def _runs_on_shared_splits(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the runs of each model of a dataset on the splits on which all models have a result."""
    runs = fully_randomized_runs(rows)
    splits = set.intersection(*map(set, runs.values())) if runs else set()
    return {
        model: [by_split[split] for split in sorted(splits)] for model, by_split in runs.items() if splits
    }


def min_datasets(n_pairs: int) -> int:
    """Return the number of datasets from which on Wilcoxon's test of one of n_pairs pairs can be significant (Holm)."""
    return next(n for n in count(MIN_DATASETS) if 2 * n_pairs / 2**n < SIGNIFICANCE_LEVEL)


def complete_models(means: Accuracies, models: list[str]) -> list[str]:
    """Return the models with a result on every dataset, in the order given."""
    return [model for model in models if all(model in of_models for of_models in means.values())]


def pairwise_tests(means: Accuracies, models: list[str], seed: int) -> dict[str, list[Any]]:
    """Return the columns of dataset_tests.csv, one entry per pair of models; none below MIN_DATASETS.

    `p_value` is Wilcoxon's signed-rank test, `p_value_adjusted` after Holm's correction over all pairs. `p_a_better`,
    `p_equivalent` and `p_b_better` are probabilities by the Bayesian signed-rank test (Benavoli 2017, JMLR 18(77)),
    with a region of practical equivalence of 0.01. seed: of its samples.
    """
    if len(means) < MIN_DATASETS:
        return {name: [] for name in TEST_COLUMNS}
    pairs = list(combinations(complete_models(means, models), 2))
    entries = []
    for a, b in pairs:
        first, second = (np.array([of_models[model] for of_models in means.values()]) for model in (a, b))
        a_better, equal, b_better = SignedRankTest.probs(
            first, second, rope=ROPE, nsamples=N_POSTERIOR_SAMPLES, random_state=seed
        )
        entries.append(
            {
                "model_a": a,
                "model_b": b,
                "n_datasets": len(means),
                "accuracy_difference": float(np.mean(first - second)),
                "p_value": float(wilcoxon(first, second).pvalue) if np.any(first != second) else 1.0,
                "p_a_better": float(a_better),
                "p_equivalent": float(equal),
                "p_b_better": float(b_better),
            }
        )
    adjusted = (
        multipletests([entry["p_value"] for entry in entries], method="holm")[1].tolist() if entries else []
    )
    entries = [entry | {"p_value_adjusted": p} for entry, p in zip(entries, adjusted, strict=True)]
    return {name: [entry[name] for entry in entries] for name in TEST_COLUMNS}
