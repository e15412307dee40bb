"""What a rule says of a run."""

from dataclasses import dataclass, field
from enum import StrEnum

from cifarbench.language import Language
from cifarbench.results import Model, Pair


class Verdict(StrEnum):
    """How a claim fares against the numbers of a run."""

    BORNE_OUT = "borne-out"
    REVERSED = "reversed"
    OPEN = "open"
    ABSENT = "absent"


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
    links: list[Link] = field(default_factory=list)


def by_sign(low: float, high: float) -> Verdict:
    """Borne out where a whole interval lies above zero, reversed below, open where it holds zero."""
    if low > 0:
        return Verdict.BORNE_OUT
    return Verdict.REVERSED if high < 0 else Verdict.OPEN


def of_pair(pair: Pair) -> Verdict:
    """Whether the first model is more accurate: open unless the two can be told apart."""
    return by_sign(pair.low, pair.high) if pair.told_apart else Verdict.OPEN


def agreed(verdicts: list[Verdict]) -> Verdict:
    """What several pieces of evidence say together: open as soon as they don't all say the same."""
    return verdicts[0] if verdicts and len(set(verdicts)) == 1 else Verdict.OPEN


def compared(say: Language, pair: Pair, first: Model, second: Model) -> str:
    """The figures of a pair, in a sentence."""
    text = say(
        "`{first}` has an accuracy of {first_accuracy}, `{second}` of {second_accuracy}: a difference of {difference} "
        "(95% interval {low} to {high}; {p} by McNemar's test after Holm's correction).",
        first=first.name,
        second=second.name,
        first_accuracy=say.number(first.accuracy),
        second_accuracy=say.number(second.accuracy),
        difference=say.signed(pair.difference),
        low=say.signed(pair.low),
        high=say.signed(pair.high),
        p=say.p_value(pair.p_value_adjusted),
    )
    if not pair.spans_zero and not pair.told_apart:
        text += " " + say("The interval leaves zero out, but among so many pairs that can be chance.")
    return text


def link_pairs(say: Language) -> Link:
    """To the table of paired differences."""
    return Link(say("paired differences"), "pairs")


def link_cost(say: Language) -> Link:
    """To the table of what each model costs."""
    return Link(say("cost"), "cost")


def link_model(model: Model) -> Link:
    """To a model's own section."""
    return Link(model.name, f"model-{model.name}")


def names(say: Language, models: list[Model]) -> str:
    """The names of models, in a sentence."""
    return say.listed([f"`{model.name}`" for model in models])
