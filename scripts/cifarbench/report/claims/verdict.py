"""Verdicts, and the numbers behind them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cifarbench.report.results import ModelResult, Results


class Verdict(StrEnum):
    """The outcome of a check. UNTESTED: no model of the run tries it."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    UNTESTED = "untested"


@dataclass(frozen=True)
class Evidence:
    """A verdict, the models that it is about, and the values that templates/claims.j2 puts into sentences."""

    verdict: Verdict
    models: list[ModelResult] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def verdict_from_interval(low: float, high: float) -> Verdict:
    """Confirmed where a whole interval is above zero, contradicted below, inconclusive where it contains zero."""
    if low > 0:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if high < 0 else Verdict.INCONCLUSIVE


def verdict_from_ratio(larger: float, smaller: float, ratio: float) -> Verdict:
    """Confirmed where `larger` is at least `ratio` times `smaller`, contradicted the other way round."""
    if larger == smaller:
        return Verdict.INCONCLUSIVE
    if larger >= ratio * smaller:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if smaller >= ratio * larger else Verdict.INCONCLUSIVE


def combine_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that all agree on; inconclusive if they do not."""
    distinct = set(verdicts)
    return distinct.pop() if len(distinct) == 1 else Verdict.INCONCLUSIVE


def compare_accuracy(results: Results, first: ModelResult, second: ModelResult) -> Verdict:
    """Whether the first model is more accurate.

    Inconclusive unless the difference is significant and, for models trained with several seeds, each seed of one is on
    the same side of each seed of the other.
    """
    pair = results.pair(first, second)
    if not pair.is_significant:
        return Verdict.INCONCLUSIVE
    verdict = verdict_from_interval(pair.low, pair.high)
    if first.other_seeds or second.other_seeds:
        differences = [a - b for a in first.accuracies for b in second.accuracies]
        return combine_verdicts([verdict, verdict_from_interval(min(differences), max(differences))])
    return verdict
