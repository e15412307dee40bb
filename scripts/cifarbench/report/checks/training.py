"""Checks of single models: their training, tuning and probabilities."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import binomtest, linregress

from cifarbench.evaluation.grid_search import format_value
from cifarbench.report.checks.catalog import Finding
from cifarbench.report.results import ModelResult, Results

# Of a slope and of a baseline's test.
SIGNIFICANCE = 0.01
# Shares of the loss by which it must fall or rise over the window.
MIN_FALL, MIN_RISE = 0.01, 0.02
# The share of the first epoch's loss by which it must fall, since a loss near 0 goes on falling without effect.
MIN_FALL_OF_FIRST = 0.002
# The window: a quarter of the epochs; a tenth if the learning rate ends at 0, so that the loss falls before.
WINDOW_SHARE, DECAY_WINDOW_SHARE, MIN_WINDOW = 4, 10, 5
MAX_ECE = 0.1
MIN_SUPPORT = 5


def undertrained(results: Results) -> Iterator[Finding]:
    """Yield networks whose validation or test loss has a significantly negative slope at the end."""
    for model in results.models.values():
        name = "validation_loss" if model.history and "validation_loss" in model.history[0] else "test_loss"
        share = (
            WINDOW_SHARE if (model.params.get("schedule") or "constant") == "constant" else DECAY_WINDOW_SHARE
        )
        change, window = _trend(model, name, share)
        if change is None:
            continue
        losses = _losses(model, name)
        if -change > max(MIN_FALL * losses[-window:].mean(), MIN_FALL_OF_FIRST * losses[0]):
            values = {"model": model.name, "loss": name, "fall": -change, "epochs": window}
            yield Finding("CB101", values | {"total": len(model.history)}, model.name)


def overfitted(results: Results) -> Iterator[Finding]:
    """Yield networks whose test loss rises for the last quarter, unless earlier weights are used."""
    for model in results.models.values():
        change, window = _trend(model, "test_loss", WINDOW_SHARE)
        if (
            change is not None
            and "early_stopping" not in model.fit
            and change > MIN_RISE * _losses(model, "test_loss").min()
        ):
            values = {"model": model.name, "rise": change, "epochs": window, "total": len(model.history)}
            yield Finding("CB102", values, model.name)


def _losses(model: ModelResult, name: str) -> np.ndarray:
    return np.array(model.column(name), float)


def _trend(model: ModelResult, name: str, share: int) -> tuple[float | None, int]:
    """Return the change of a loss over the last epochs by a fitted line, None if insignificant, and their number."""
    n = len(model.history)
    window = max(n // share, MIN_WINDOW)
    if n < 2 * MIN_WINDOW:
        return None, window
    losses = _losses(model, name)[-window:]
    if not np.isfinite(losses).all() or np.ptp(losses) == 0:
        return None, window
    fitted = linregress(np.arange(window), losses)
    return (float(fitted.slope * (window - 1)) if fitted.pvalue < SIGNIFICANCE else None), window


def at_grid_edge(results: Results) -> Iterator[Finding]:
    """Yield the best values of searches that are the lowest or highest of three or more numbers.

    The best candidate must be better than those with other values by more than the standard error over the folds.
    """
    for model in results.models.values():
        columns = [name for name in (model.grid[0] if model.grid else {}) if name.startswith("param_")]
        rows = [row for row in model.grid if row["mean_test_score"] is not None]
        best = min(rows, key=lambda row: row["rank_test_score"], default=None)
        for column in columns:
            tried = {row[column] for row in rows}
            if best is None or not _is_edge(best[column], tried):
                continue
            inner = [row for row in rows if row[column] not in (min(tried), max(tried))]
            if all(_is_better(best, row) for row in inner):
                values = {
                    "model": model.name,
                    "param": column.removeprefix("param_").rpartition("__")[2],
                    "value": format_value(best[column]),
                    "tried": f"{format_value(min(tried))} ... {format_value(max(tried))}",
                }
                yield Finding("CB103", values, model.name)


def _is_edge(value: Any, tried: set[Any]) -> bool:
    """Return whether a value is the first or last of three or more numbers, other than a lowest 0 or 1."""
    if len(tried) < 3 or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in tried):
        return False
    is_own_end = value == 0 or (value == 1 and isinstance(value, int))
    return value == max(tried) or (value == min(tried) and not is_own_end)


def _is_better(best: dict[str, Any], other: dict[str, Any]) -> bool:
    names = [name for name in best if name.startswith("split") and name.endswith("_test_score")]
    difference = np.array([best[name] - other[name] for name in names], float)
    return bool(difference.mean() > difference.std(ddof=1) / np.sqrt(len(difference)))


def not_better_than_baseline(results: Results) -> Iterator[Finding]:
    """Yield models whose accuracy is not significantly above the share of the most frequent class."""
    if not results.verdict.get("baselines"):
        return
    majority = results.verdict["baselines"]["majority"]
    for model in results.models.values():
        n = model.metrics["n_test"]
        test = binomtest(round(model.accuracy * n), n, majority["accuracy"], alternative="greater")
        if test.pvalue > SIGNIFICANCE:
            values = {
                "model": model.name,
                "accuracy": model.accuracy,
                "majority": results.dataset["classes"][majority["class"]],
                "baseline": majority["accuracy"],
                "p": float(test.pvalue),
            }
            yield Finding("CB104", values, model.name)


def miscalibrated(results: Results) -> Iterator[Finding]:
    """Yield models whose calibration error is above 0.1, with its whole interval."""
    for model in results.models.values():
        interval = model.metrics["ece_ci95"]
        if interval and interval[0] > MAX_ECE:
            values = {
                "model": model.name,
                "ece": model.metrics["ece"],
                "low": interval[0],
                "high": interval[1],
            }
            yield Finding("CB111", values, model.name)


def zero_recall(results: Results) -> Iterator[Finding]:
    """Yield classes with test images of which a model finds none."""
    for model in results.models.values():
        for label, scores in model.metrics["per_class"].items():
            if scores["recall"] == 0 and scores["support"] >= MIN_SUPPORT:
                yield Finding(
                    "CB112", {"model": model.name, "n": scores["support"], "label": label}, model.name
                )


def no_probabilities(results: Results) -> Iterator[Finding]:
    """Yield classifiers without probabilities."""
    for model in results.models.values():
        if not model.fit["has_probabilities"]:
            yield Finding("CB113", {"model": model.name}, model.name)
