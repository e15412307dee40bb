"""Ranks and tests across simulated datasets with a known order of models."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from cifarbench.suite import ranks
from cifarbench.suite.ranks import MIN_DATASETS, accuracies, rank_table
from helpers.simulated import row

pytestmark = pytest.mark.usefixtures("fewer_samples")
DATASETS = [f"set_{number}" for number in range(8)]
# Difference in accuracy from the worst model; two models are equal.
SKILL = {"worst": 0.0, "middle": 0.06, "twin": 0.06, "best": 0.12}
MODELS = list(SKILL)


@pytest.fixture
def fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use fewer posterior samples in the Bayesian test, which suffice for these tests."""
    monkeypatch.setattr(ranks, "N_POSTERIOR_SAMPLES", 5000)


def simulated(datasets: list[str], seed: int = 0):
    """Return results on datasets of different difficulty with equal differences between models, up to noise."""
    random = np.random.default_rng(seed)
    rows = []
    for dataset in datasets:
        difficulty = random.uniform(0.3, 0.8)
        noise = random.normal(0, 0.004, len(MODELS))
        rows += [
            row(model, difficulty + SKILL[model] + noise[number], dataset=dataset)
            for number, model in enumerate(MODELS)
        ]
    return rows


def by_pair(columns):
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {(one["model_a"], one["model_b"]): one for one in rows}


def test_eight_datasets_suffice_to_find_the_order():
    found = by_pair(ranks.pairwise_tests(accuracies(simulated(DATASETS), DATASETS), MODELS, seed=0))
    assert len(found) == 6
    for (a, b), one in found.items():
        if {a, b} == {"middle", "twin"}:
            assert one["p_value_adjusted"] > 0.05
            assert one["p_equivalent"] > 0.9
        else:
            # The smallest possible p-value of eight datasets.
            assert one["p_value"] == 2 / 2**8
            assert one["p_value_adjusted"] < 0.05
            worse, better = (
                ("p_a_better", "p_b_better") if SKILL[a] < SKILL[b] else ("p_b_better", "p_a_better")
            )
            assert one[better] > 0.95 > one[worse]


def test_p_values_equal_scipys():
    means = accuracies(simulated(DATASETS, seed=3), DATASETS)
    found = by_pair(ranks.pairwise_tests(means, MODELS, seed=0))["middle", "twin"]
    first, second = ([of[model] for of in means.values()] for model in ("middle", "twin"))
    assert found["p_value"] == wilcoxon(first, second).pvalue
    assert found["accuracy_difference"] == pytest.approx(np.mean(first) - np.mean(second))


@pytest.mark.parametrize("n_datasets", [1, MIN_DATASETS - 1])
def test_with_fewer_datasets_nothing_is_tested(n_datasets):
    few = DATASETS[:n_datasets]
    columns = ranks.pairwise_tests(accuracies(simulated(few), few), MODELS, seed=0)
    assert not any(columns.values())


def test_only_models_with_results_on_all_datasets_are_ranked():
    rows = [
        *simulated(DATASETS),
        row("here alone", 0.99, dataset="set_0"),
        row("failing", 0.9, dataset="set_1"),
    ]
    rows += [row("failing", None, dataset="set_0", error="train_network: it failed")]
    columns = rank_table(rows, DATASETS, [*MODELS, "here alone", "failing"])
    found = {
        (dataset, model): rank
        for dataset, model, rank in zip(columns["dataset"], columns["model"], columns["rank"], strict=True)
    }
    assert found["set_0", "here alone"] is None
    assert found["set_1", "failing"] is None
    assert ("set_0", "failing") not in found
    assert found["set_0", "best"] == 1


def test_accuracies_are_means_over_splits():
    rows = [
        row("net", 0.5),
        row("net", 0.7, split=1, varied_factor="all"),
        row("net", 0.9, varied_factor="init_seed"),
    ]
    assert accuracies(rows, ["one"]) == {"one": {"net": pytest.approx(0.6)}}


def test_means_use_only_splits_with_results_of_all_models():
    rows = [row(model, 0.5, dataset="a") for model in ("one", "two")]
    rows += [row(model, 0.9, dataset="a", split=1, varied_factor="split") for model in ("one", "two")]
    # The easier split would favour the only model with a result.
    rows[-1] |= {"accuracy": None, "error": "evaluate_model: no luck"}
    assert accuracies(rows, ["a"]) == {"a": {"one": 0.5, "two": 0.5}}
    assert rank_table(rows, ["a"], ["one", "two"])["n_runs"] == [1, 1]


@pytest.mark.parametrize(("n_pairs", "needed"), [(1, 6), (6, 8), (15, 10)])
def test_min_datasets_is_the_smallest_number_with_a_significant_pair(n_pairs, needed):
    def smallest_p_value(n: int) -> float:
        """Return the adjusted p-value of a pair with the same order on all n datasets."""
        return n_pairs * wilcoxon(np.arange(1.0, n + 1), np.zeros(n)).pvalue

    assert ranks.min_datasets(n_pairs) == needed
    assert smallest_p_value(needed) < 0.05 <= smallest_p_value(needed - 1)
