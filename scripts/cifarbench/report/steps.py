"""What the report says of each step from raw pixels to the best model, and of all of them."""

from dataclasses import dataclass

from cifarbench.report.conclusions.ladder import Respect, Step, ladder
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Pair, Run


@dataclass(frozen=True)
class StepView:
    """A step in the words of one language. pair: the difference that it makes, positive where it helps."""

    about: str
    before: Model
    after: Model
    pair: Pair
    besides: str


def steps(run: Run, say: Language) -> list[StepView]:
    """The steps that the models of a run allow."""
    words = {
        Respect.FEATURES: say("Features"),
        Respect.CLASSIFIER: say("Classifier"),
        Respect.TUNING: say("Tuning"),
        Respect.CONVOLUTION: say("Convolutions"),
        Respect.AUGMENTATION: say("Augmentation"),
    }

    def view(step: Step) -> StepView:
        known = {respect.value: text.lower() for respect, text in words.items()}
        besides = ", ".join(known.get(name, f"`{name}`") for name in step.besides)
        return StepView(
            words[step.respect],
            step.before,
            step.after,
            run.pair(step.after, step.before),
            besides or "\N{EN DASH}",
        )

    return [view(step) for step in ladder(run)]


def summary(run: Run, say: Language, views: list[StepView]) -> list[str]:
    """From where to where all steps lead, and which is worth most."""
    sentences = []
    start = next((model for model in run.models.values() if not model.features and not model.history), None)
    best = run.ranking[0]
    if start and start is not best:
        sentences.append(
            say(
                "From `{start}` on raw pixels to the best model, `{best}`, accuracy goes from {low} to {high}; "
                "fitting from {little} to {much}.",
                start=start.name,
                best=best.name,
                low=say.number(start.accuracy),
                high=say.number(best.accuracy),
                little=say.seconds(start.fit["fit_seconds"]),
                much=say.seconds(best.fit["fit_seconds"]),
            )
        )
    told = [view for view in views if view.pair.told_apart and view.pair.difference > 0]
    if told:
        most = max(told, key=lambda view: view.pair.difference)
        sentences.append(
            say(
                "The step that is worth most goes from `{before}` to `{after}`: {difference} ({low} to {high}).",
                before=most.before.name,
                after=most.after.name,
                difference=say.signed(most.pair.difference),
                low=say.signed(most.pair.low),
                high=say.signed(most.pair.high),
            )
        )
    else:
        sentences.append(say("No step can be told to help."))
    return sentences
