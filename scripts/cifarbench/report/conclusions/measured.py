"""What the notebook would do next, where models of the run have done it: each piece of advice, measured."""

from cifarbench.report.conclusions import subjects
from cifarbench.report.conclusions.ladder import Respect, Step, ladder
from cifarbench.report.conclusions.statement import (
    Link,
    Statement,
    Verdict,
    agreed,
    ahead,
    compared,
    link_ladder,
    link_model,
)
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run

CLAIMS = {
    Respect.FEATURES: "better-features-next",
    Respect.CONVOLUTION: "convolutions-next",
    Respect.AUGMENTATION: "augmentation-next",
    Respect.TUNING: "tuning-next",
}


def better_features(run: Run, say: Language) -> Statement | None:
    """The best classical model on other features than components, against the best of its kind without them."""
    classical = [model for model in run.ranking if not model.history and not model.pretrained]
    better = next(
        (one for one in classical if not _on_components(one) and _best_without(classical, one)), None
    )
    if not better:
        return None
    before = _best_without(classical, better)
    verdict = ahead(run, better, before)
    finding = {
        Verdict.BORNE_OUT: say("Better features help the classical side."),
        Verdict.REVERSED: say("The features tried make the classical side worse."),
        Verdict.OPEN: say("Whether better features help the classical side can't be told from this run."),
    }[verdict]
    return Statement(
        CLAIMS[Respect.FEATURES],
        say("Next would be better features for the classical side."),
        verdict,
        finding,
        f"{compared(run, say, better, before)} {_cost(say, before, better)}",
        _links(say, [before, better]),
    )


def convolutions(run: Run, say: Language) -> Statement | None:
    """A convolutional network against a perceptron of about as many parameters."""
    steps = _steps(run, Respect.CONVOLUTION)
    if not steps:
        return None
    verdict = _verdict(run, steps)
    before, after = steps[0].before, steps[0].after
    finding = {
        Verdict.BORNE_OUT: say("Convolutions help the neural side."),
        Verdict.REVERSED: say("Convolutions make the neural side worse."),
        Verdict.OPEN: say("Whether convolutions help the neural side can't be told from this run."),
    }[verdict]
    sizes = say(
        "`{after}` has {n_after} parameters, `{before}` {n_before}.",
        after=after.name,
        before=before.name,
        n_after=say.whole(after.fit["n_parameters"]),
        n_before=say.whole(before.fit["n_parameters"]),
    )
    return Statement(
        CLAIMS[Respect.CONVOLUTION],
        say("Next would be convolutions for the neural side."),
        verdict,
        finding,
        f"{sizes} {_figures(run, say, steps)}",
        _links(say, [before, after]),
    )


def augmentation(run: Run, say: Language) -> Statement | None:
    """Networks trained with flips and shifts against the same without."""
    findings = {
        Verdict.BORNE_OUT: say("Augmentation helps the neural side."),
        Verdict.REVERSED: say("Augmentation makes the neural side worse."),
        Verdict.OPEN: say("Whether augmentation helps the neural side can't be told from this run."),
    }
    claim = say("Next would be augmentation for the neural side.")
    return _of_networks(run, say, Respect.AUGMENTATION, claim, findings)


def tuning(run: Run, say: Language) -> Statement | None:
    """Networks whose training was tuned against the same untuned."""
    findings = {
        Verdict.BORNE_OUT: say("Tuning helps the neural side."),
        Verdict.REVERSED: say("Tuning makes the neural side worse on the test images."),
        Verdict.OPEN: say("Whether tuning helps the neural side can't be told from this run."),
    }
    claim = say("Next would be tuning for the neural side.")
    return _of_networks(run, say, Respect.TUNING, claim, findings)


def _of_networks(
    run: Run, say: Language, respect: Respect, claim: str, findings: dict[Verdict, str]
) -> Statement | None:
    steps = [step for step in _steps(run, respect) if step.after.history]
    if not steps:
        return None
    verdict, links = _verdict(run, steps), _links(say, _models(steps))
    return Statement(CLAIMS[respect], claim, verdict, findings[verdict], _figures(run, say, steps), links)


def _steps(run: Run, respect: Respect) -> list[Step]:
    return [step for step in ladder(run) if step.respect is respect]


def _models(steps: list[Step]) -> list[Model]:
    found = {model.name: model for step in steps for model in (step.before, step.after)}
    return list(found.values())


def _verdict(run: Run, steps: list[Step]) -> Verdict:
    """What all steps say together."""
    return agreed(ahead(run, step.after, step.before) for step in steps)


def _figures(run: Run, say: Language, steps: list[Step]) -> str:
    sentences = []
    for step in steps:
        sentences += [compared(run, say, step.after, step.before), _cost(say, step.before, step.after)]
        if step.besides:
            others = say.listed([f"`{name}`" for name in step.besides])
            sentences.append(say("They differ besides in {others}.", others=others))
    return " ".join(sentences)


def _cost(say: Language, before: Model, after: Model) -> str:
    return say(
        "Fitting takes {after} in place of {before}.",
        before=say.seconds(before.fit["fit_seconds"]),
        after=say.seconds(after.fit["fit_seconds"]),
    )


def _on_components(model: Model) -> bool:
    """Whether it looks at pixels, or at no more than their principal components."""
    return subjects.on_pixels(model) or bool(subjects.components(model))


def _best_without(models: list[Model], better: Model) -> Model | None:
    """The first of the same kind on pixels or their components."""
    same = (model for model in models if model.kind == better.kind and _on_components(model))
    return next(same, None)


def _links(say: Language, models: list[Model]) -> list[Link]:
    return [link_ladder(say), *map(link_model, models)]
