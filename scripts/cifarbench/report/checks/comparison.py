"""Checks of what the comparison of models claims."""

from collections.abc import Iterator
from itertools import permutations

from cifarbench.report.checks.catalog import Finding
from cifarbench.report.results import ModelResult, Results

# Largest class over smallest class.
MAX_IMBALANCE = 3
# Candidates of one model over those of another.
MAX_BUDGET_RATIO = 2
# Differences in accuracy above this are not due to seeds.
MAX_SEED_EFFECT = 0.05


def unequal_tuning_budgets(results: Results) -> Iterator[Finding]:
    """Yield the best models of two families of which the better one had many more candidates, at the largest ratio."""
    best: dict[str, ModelResult] = {}
    for model in results.ranking:
        if model.is_fitted:
            best.setdefault(model.kind, model)
    unequal = [
        (budget(model), budget(other), model, other)
        for model, other in permutations(best.values(), 2)
        if budget(model) >= MAX_BUDGET_RATIO * budget(other) and _is_better(results, model, other)
    ]
    if unequal:
        n, n_other, model, other = max(unequal, key=lambda pair: pair[0] / pair[1])
        yield Finding(
            "CB105", {"model": model.name, "other": other.name, "n": n, "n_other": n_other}, model.name
        )


def budget(model: ModelResult) -> int:
    """Return the number of candidates that a model was chosen from; 1 without a search."""
    return max(len(model.grid), 1)


def _is_better(results: Results, model: ModelResult, other: ModelResult) -> bool:
    ranked = results.all_ranked
    return results.differ(model, other) and ranked.index(model) < ranked.index(other)


def single_seed(results: Results) -> Iterator[Finding]:
    """Yield the two best networks that differ by an amount to which seeds may contribute, if each has one seed."""
    networks = [model for model in results.all_ranked if model.history]
    for model, other in permutations(networks, 2):
        is_large = results.pair(model, other).low > MAX_SEED_EFFECT
        has_seeds = model.other_seeds or other.other_seeds
        if _is_better(results, model, other) and not is_large and not has_seeds:
            yield Finding("CB106", {"model": model.name, "other": other.name}, model.name)
            return


def test_set_too_small(results: Results) -> Iterator[Finding]:
    """Yield the best model if it leads significantly, by less than the test set detects with a power of 80%."""
    detectable = results.verdict.get("detectable")
    if not detectable or len(results.ranking) < 2:
        return
    model, other = results.ranking[:2]
    difference = results.pair(model, other).difference
    if results.differ(model, other) and 0 < difference < detectable["difference"]:
        values = {
            "model": model.name,
            "other": other.name,
            "difference": difference,
            "detectable": detectable["difference"],
            "n": model.metrics["n_test"],
        }
        yield Finding("CB107", values, model.name)


def imbalanced_accuracy(results: Results) -> Iterator[Finding]:
    """Yield the imbalance of the training images if accuracy ranks the models."""
    counts = [count for count in results.verdict.get("class_counts", []) if count]
    if results.metric == "accuracy" and counts and max(counts) > MAX_IMBALANCE * min(counts):
        yield Finding("CB110", {"low": min(counts), "high": max(counts)})


def failed_runs(results: Results) -> Iterator[Finding]:
    """Yield runs that failed, and runs that were scored by other code or on other images than the first."""
    for name, failure in (results.failed | results.failed_seeds).items():
        reason = f"{failure.step}: {failure.reason}".rstrip(".")
        yield Finding("CB118", {"run": name, "reason": reason}, name.partition("/")[0])
    runs = [run for model in results.models.values() for run in model.every_seed]
    for run in runs:
        if run.metrics.get("provenance") != runs[0].metrics.get("provenance"):
            reason = f"it was scored by other code or on other images than {runs[0].name}"
            yield Finding("CB118", {"run": run.name, "reason": reason}, run.name)
