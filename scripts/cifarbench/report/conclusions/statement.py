"""What a rule says of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run


class Verdict(StrEnum):
    """How a claim fares against the numbers of a run."""

    BORNE_OUT = "borne-out"
    REVERSED = "reversed"
    OPEN = "open"


@dataclass(frozen=True)
class Link:
    """Where in the report the figures behind a sentence stand."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Statement:
    """A claim of the notebook, what this run's numbers say of it, and these numbers. Backticks mark names."""

    name: str
    claim: str
    verdict: Verdict
    finding: str
    figures: str
    links: list[Link]


def by_sign(low: float, high: float) -> Verdict:
    """Borne out where a whole interval lies above zero, reversed below, open where it holds zero."""
    if low > 0:
        return Verdict.BORNE_OUT
    return Verdict.REVERSED if high < 0 else Verdict.OPEN


def by_ratio(larger: float, smaller: float, telling: float) -> Verdict:
    """Borne out where `larger` is the larger one by the factor `telling`, reversed the other way round."""
    if larger == smaller:
        return Verdict.OPEN
    if larger >= telling * smaller:
        return Verdict.BORNE_OUT
    return Verdict.REVERSED if smaller >= telling * larger else Verdict.OPEN


def agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """What several pieces of evidence say together: open unless all say the same."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else Verdict.OPEN


def ahead(run: Run, first: Model, second: Model) -> Verdict:
    """Whether the first model is more accurate.

    Open unless the test images tell the two apart and, of models that were trained with several seeds, each
    seed of one puts it on the same side of each seed of the other.
    """
    pair = run.pair(first, second)
    if not pair.told_apart:
        return Verdict.OPEN
    verdict = by_sign(pair.low, pair.high)
    if first.reruns or second.reruns:
        differences = [a - b for a in first.accuracies for b in second.accuracies]
        return agreed([verdict, by_sign(min(differences), max(differences))])
    return verdict


def compared(run: Run, say: Language, first: Model, second: Model) -> str:
    """The figures of two models, in a sentence or two."""
    pair = run.pair(first, second)
    sentences = [
        say(
            "`{first}` has an accuracy of {first_accuracy}, `{second}` of {second_accuracy}: a difference of "
            "{difference} (95% interval {low} to {high}; {p} by McNemar's test after Holm's correction).",
            first=first.name,
            second=second.name,
            first_accuracy=say.number(first.accuracy),
            second_accuracy=say.number(second.accuracy),
            difference=say.signed(pair.difference),
            low=say.signed(pair.low),
            high=say.signed(pair.high),
            p=say.p_value(pair.p_value_adjusted),
        )
    ]
    if not pair.spans_zero and not pair.told_apart:
        sentences.append(say("The interval leaves zero out, but among so many pairs that can be chance."))
    sentences += [_over_seeds(say, model) for model in (first, second) if model.reruns]
    return " ".join(sentences)


def _over_seeds(say: Language, model: Model) -> str:
    return say(
        "Over its {n} seeds `{model}` ranges from {low} to {high}.",
        n=say.whole(len(model.accuracies)),
        model=model.name,
        low=say.number(min(model.accuracies)),
        high=say.number(max(model.accuracies)),
    )


def link_pairs(say: Language) -> Link:
    """To the table of paired differences."""
    return Link(say("paired differences"), "pairs")


def link_ladder(say: Language) -> Link:
    """To the table of what each step was worth."""
    return Link(say("steps"), "ladder")


def link_cost(say: Language) -> Link:
    """To the table of what each model costs."""
    return Link(say("cost"), "cost")


def link_model(model: Model) -> Link:
    """To a model's own section."""
    return Link(model.name, f"model-{model.name}")


def link_curves(say: Language, model: Model) -> Link:
    """To a network's training curves."""
    return Link(say("curves of {model}", model=model.name), f"training-{model.name}")


def link_grid(say: Language, model: Model) -> Link:
    """To a grid's scores."""
    return Link(say("grid of {model}", model=model.name), f"grid-{model.name}")
