"""What comes out of a run, in a few sentences: the first that one reads."""

from collections.abc import Iterator

from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run

MOST_RIVALS = 3


def answer(run: Run, say: Language) -> list[str]:
    """The best model and its equals, the best of other kinds, the quickest."""
    if not run.models:
        return [say("No model came through, so there is nothing to compare.")]
    best = run.ranking[0]
    low, high = best.metrics["accuracy_ci95"]
    sentences = [
        say(
            "`{model}` is the most accurate: {accuracy} (95% interval {low} to {high}).",
            model=best.name,
            accuracy=say.number(best.accuracy),
            low=say.number(low),
            high=say.number(high),
        )
    ]
    equals = [model for model in run.ranking[1:] if not run.pair(best, model).told_apart]
    if equals:
        names = [f"`{model.name}` ({say.number(model.accuracy)})" for model in equals]
        sentences.append(say("It can't be told apart from {models}.", models=say.listed(names)))
    elif len(run.ranking) > 1:
        sentences.append(say("It can be told apart from every other."))
    sentences += _rivals(run, say, equals)
    return [*sentences, *_apart(run, say), *_quickest(run, say)]


def _rivals(run: Run, say: Language, equals: list[Model]) -> Iterator[str]:
    """The best of each other kind, unless it was named already."""
    best = run.ranking[0]
    firsts = {model.kind: model for model in reversed(run.ranking) if model.kind != best.kind}
    for rival in sorted(firsts.values(), key=run.ranking.index)[:MOST_RIVALS]:
        if rival in equals:
            continue
        pair = run.pair(best, rival)
        yield say(
            "The best of the {kind}, `{model}`, lies {difference} below it ({low} to {high}).",
            kind=say.term(rival.kind),
            model=rival.name,
            difference=say.number(pair.difference),
            low=say.number(pair.low),
            high=say.number(pair.high),
        )


def _apart(run: Run, say: Language) -> Iterator[str]:
    if run.apart:
        names = [f"`{model.name}` ({say.number(model.accuracy)})" for model in run.apart]
        yield say(
            "Apart from these, since their features have seen other images: {models}.",
            models=say.listed(names),
        )


def _quickest(run: Run, say: Language) -> Iterator[str]:
    by_time = sorted(run.models.values(), key=lambda model: model.fit["predict_seconds"])
    quickest, slowest = by_time[0], by_time[-1]
    if quickest is not slowest:
        yield say(
            "`{quickest}` predicts fastest, {few} for {n} images; `{slowest}` takes {many}.",
            quickest=quickest.name,
            slowest=slowest.name,
            few=say.seconds(quickest.fit["predict_seconds"]),
            many=say.seconds(slowest.fit["predict_seconds"]),
            n=say.whole(run.dataset["n_test"]),
        )
