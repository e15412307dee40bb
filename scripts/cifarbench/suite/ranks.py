"""Models over datasets: ranks, and tests of all pairs where there are datasets enough to tell."""

from itertools import combinations, count

import numpy as np
from baycomp import SignedRankTest
from scipy.stats import rankdata, wilcoxon
from statsmodels.stats.multitest import multipletests

from cifarbench.io.csv_io import Row
from cifarbench.suite.results_table import filter_dataset, fully_randomized_runs

# A p-value below this, after Holm's correction, tells two models apart.
SIGNIFICANCE_LEVEL = 0.05
# With fewer, a two-sided Wilcoxon test of one pair can't come below it: with five it is 2 / 2^5 at best.
MIN_DATASETS = 6
# Two models whose accuracies differ by less do equally well, for all practical purposes.
ROPE = 0.01
# Draws of the Bayesian test: its probabilities are exact to 0.002.
N_POSTERIOR_SAMPLES = 50_000
RANK_COLUMNS = ("dataset", "model", "runs", "accuracy", "rank", "mean_rank")
TEST_COLUMNS = (
    *("model_a", "model_b", "datasets", "accuracy_difference", "p_value", "p_value_adjusted"),
    *("a_better", "equivalent", "b_better"),
)
Accuracies = dict[str, dict[str, float]]


def rank_table(rows: list[Row], datasets: list[str], models: list[str]) -> dict[str, list]:
    """The columns of ranks.csv, one entry a dataset and model that has a result there.

    The accuracy is the mean over the splits that all of a dataset's models have a result of, each with a seed of its
    own. Those models are ranked that every dataset has a result of, since a rank depends on who takes part; of equals,
    each has the mean of their ranks.
    """
    found = {dataset: _shared(filter_dataset(rows, dataset)) for dataset in datasets}
    means = accuracies(rows, datasets)
    everywhere = complete_models(means, models)
    ranks = {
        dataset: dict(
            zip(everywhere, rankdata([-means[dataset][one] for one in everywhere]).tolist(), strict=True)
        )
        for dataset in datasets
    }
    entries = [
        {
            "dataset": dataset,
            "model": model,
            "runs": len(found[dataset][model]),
            "accuracy": means[dataset][model],
            "rank": ranks[dataset].get(model),
            "mean_rank": float(np.mean([ranks[one][model] for one in datasets]))
            if model in everywhere
            else None,
        }
        for dataset in datasets
        for model in models
        if model in means[dataset]
    ]
    return {name: [one[name] for one in entries] for name in RANK_COLUMNS}


def accuracies(rows: list[Row], datasets: list[str]) -> Accuracies:
    """Dataset -> model -> mean accuracy over the splits that all models there have a result of."""
    return {
        dataset: {
            model: float(np.mean([one["accuracy"] for one in by_split]))
            for model, by_split in _shared(filter_dataset(rows, dataset)).items()
        }
        for dataset in datasets
    }


def _shared(rows: list[Row]) -> dict[str, list[Row]]:
    """Of a dataset's models that have any result, the runs on the splits that all of them have one of."""
    found = fully_randomized_runs(rows)
    splits = set.intersection(*map(set, found.values())) if found else set()
    return {
        model: [by_split[split] for split in sorted(splits)] for model, by_split in found.items() if splits
    }


def min_datasets(n_pairs: int) -> int:
    """From how many datasets on Wilcoxon's test can tell any of so many pairs apart, after Holm's correction."""
    return next(n for n in count(MIN_DATASETS) if 2 * n_pairs / 2**n < SIGNIFICANCE_LEVEL)


def complete_models(means: Accuracies, models: list[str]) -> list[str]:
    """The models that every dataset has a result of, in the order given."""
    return [model for model in models if all(model in of_models for of_models in means.values())]


def pairwise_tests(means: Accuracies, models: list[str], seed: int) -> dict[str, list]:
    """The columns of tests.csv, one entry a pair of models; none with fewer datasets than can tell.

    `p_value` is Wilcoxon's signed-rank test, `p_value_adjusted` after Holm's correction over all pairs; `a_better`,
    `equivalent` and `b_better` are probabilities by the Bayesian signed-rank test (Benavoli 2017, JMLR 18(77)), with a
    region of practical equivalence of 0.01. seed: of its samples.
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
                "datasets": len(means),
                "accuracy_difference": float(np.mean(first - second)),
                "p_value": float(wilcoxon(first, second).pvalue) if np.any(first != second) else 1.0,
                "a_better": float(a_better),
                "equivalent": float(equal),
                "b_better": float(b_better),
            }
        )
    adjusted = (
        multipletests([one["p_value"] for one in entries], method="holm")[1].tolist() if entries else []
    )
    entries = [one | {"p_value_adjusted": p} for one, p in zip(entries, adjusted, strict=True)]
    return {name: [one[name] for one in entries] for name in TEST_COLUMNS}
