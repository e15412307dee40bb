"""What the notebook concludes on how networks train.

A curve has no interval of its own. Where a network was trained with several seeds, all must say the same.
"""

from statistics import fmean, stdev

from cifarbench.report import published
from cifarbench.report.conclusions import subjects
from cifarbench.report.conclusions.statement import Statement, Verdict, agreed, by_ratio, by_sign, link_curves
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run

# Figures of two trainings that differ by less than this factor are taken for equal.
TELLING_RATIO = 1.1


def levels_off(run: Run, say: Language) -> Statement | None:
    """Where a plain network's test accuracy levels off, and what its training accuracy does from there."""
    model = subjects.plain_curve(run)
    if not model:
        return None
    courses = {_course(one) for one in model.every_seed}
    if len(courses) > 1:
        verdict = Verdict.OPEN
        finding = say("Whether `{model}` levels off on test depends on its seed.", model=model.name)
    elif courses == {"leaves training behind"}:
        verdict = Verdict.BORNE_OUT
        finding = say("`{model}` levels off on test while training accuracy climbs on.", model=model.name)
    elif courses == {"levels off with training"}:
        verdict = Verdict.REVERSED
        finding = say("`{model}` levels off on test, and training accuracy with it.", model=model.name)
    else:
        verdict = Verdict.REVERSED
        finding = say("`{model}` has not levelled off on test when its training ends.", model=model.name)
    return Statement(
        "levels-off",
        say("The plain perceptron starts to level off on test while training accuracy climbs on."),
        verdict,
        finding,
        _course_figures(run, say, model),
        [link_curves(say, model)],
    )


def _course(model: Model) -> str:
    found = model.learning["levels_off"]
    if found["epoch"] is None:
        return "climbs on"
    # What counts for nothing on test must be exceeded in training, and so must what is gained on test.
    on_test, in_training = (_rise(model, part, found["epoch"]) for part in ("test", "train"))
    return (
        "leaves training behind" if in_training > max(found["gain"], on_test) else "levels off with training"
    )


def _rise(model: Model, part: str, epoch: int) -> float:
    values = model.column(f"{part}_accuracy")
    return values[-1] - values[epoch]


def _course_figures(run: Run, say: Language, model: Model) -> str:
    epoch, epochs = model.learning["levels_off"]["epoch"], len(model.history)
    since = epochs - _tenth(epochs) if epoch is None else epoch
    test, train = model.column("test_accuracy"), model.column("train_accuracy")
    text = say(
        "From epoch {epoch} to the last, {last}, test accuracy goes from {test_then} to {test_now}, training "
        "accuracy from {train_then} to {train_now}.",
        epoch=say.whole(since),
        last=say.whole(epochs - 1),
        test_then=say.number(test[since]),
        test_now=say.number(test[-1]),
        train_then=say.number(train[since]),
        train_now=say.number(train[-1]),
    )
    if run.is_published:
        text += " " + say(
            "The notebook's author saw it near epoch {epoch}.", epoch=say.whole(published.LEVELS_OFF)
        )
    return text


def dropout_lifts_training_loss(run: Run, say: Language) -> Statement | None:
    """Training loss against test loss with dropout, at the end, and the same without it."""
    model = next((model for model in subjects.curves(run) if model.params.get("dropout")), None)
    if not model:
        return None
    plain = subjects.plain_curve(run)
    verdict = _loss_lifted(model)
    finding = {
        Verdict.BORNE_OUT: say("With dropout, the training loss lies above the test loss."),
        Verdict.REVERSED: say("Even with dropout, the training loss lies below the test loss."),
        Verdict.OPEN: say("Which of the two losses is higher with dropout can't be told from this run."),
    }[verdict]
    figures = [_losses(say, one) for one in (model, plain) if one]
    if plain and verdict is Verdict.BORNE_OUT:
        if _loss_lifted(plain) is Verdict.REVERSED:
            figures.append(
                say("Without dropout it lies below: what lifts it is on in training and off at evaluation.")
            )
        else:
            verdict = Verdict.OPEN
            finding = say(
                "With dropout, the training loss lies above the test loss, but whether because of it can't "
                "be "
                "told from this run."
            )
            figures.append(say("Without dropout it does not lie below either."))
    return Statement(
        "dropout-lifts-training-loss",
        say("With dropout the training loss lies above the test loss, as dropout is off at evaluation."),
        verdict,
        finding,
        " ".join(figures),
        [link_curves(say, one) for one in (model, plain) if one],
    )


def _loss_lifted(model: Model) -> Verdict:
    """Whether training loss lies above test loss over the last tenth of the epochs, by two deviations."""
    verdicts = []
    for one in model.every_seed:
        gaps = [a - b for a, b in zip(_end(one, "train_loss"), _end(one, "test_loss"), strict=True)]
        sway = 2 * stdev(gaps) if len(gaps) > 1 else 0.0
        verdicts.append(by_sign(fmean(gaps) - sway, fmean(gaps) + sway))
    return agreed(verdicts)


def _losses(say: Language, model: Model) -> str:
    return say(
        "Over the last tenth of its epochs `{model}` has a training loss of {train}, a test loss of {test}.",
        model=model.name,
        train=say.number(fmean(_end(model, "train_loss"))),
        test=say.number(fmean(_end(model, "test_loss"))),
    )


def falls_faster(run: Run, say: Language) -> Statement | None:
    """Epochs that a network with batch norm and dropout and a plain one need to the same test loss."""
    found = _regularised_and_plain(run)
    if not found:
        return None
    verdict = agreed(
        by_ratio(slow + 1, fast + 1, TELLING_RATIO)
        for fast, slow, _ in (_epochs_to_shared_loss(*pair) for pair in _by_seed(*found))
    )
    finding = {
        Verdict.BORNE_OUT: say("Batch norm and dropout make the test loss fall faster."),
        Verdict.REVERSED: say("Batch norm and dropout make the test loss fall more slowly."),
        Verdict.OPEN: say(
            "Whether batch norm and dropout make the test loss fall faster can't be told from this run."
        ),
    }[verdict]
    fast, slow, level = _epochs_to_shared_loss(*found)
    figures = say(
        "`{regularised}` is down to {level} in epoch {fast}, `{plain}` in epoch {slow}.",
        regularised=found[0].name,
        plain=found[1].name,
        level=say.number(level),
        fast=say.whole(fast),
        slow=say.whole(slow),
    )
    return Statement(
        "falls-faster",
        say("Batch norm and dropout make the loss fall faster."),
        verdict,
        finding,
        figures,
        [link_curves(say, model) for model in found],
    )


def _epochs_to_shared_loss(a: Model, b: Model) -> tuple[int, int, float]:
    """The epochs in which two models first reach a test loss that both do, and that loss.

    It lies nine tenths of the way down from the higher first loss to the higher of the two lowest.
    """
    losses = [a.column("test_loss"), b.column("test_loss")]
    start, end = max(values[0] for values in losses), max(min(values) for values in losses)
    level = end + 0.1 * (start - end)
    first, second = (next(i for i, loss in enumerate(values) if loss <= level) for values in losses)
    return first, second, level


def falls_steadier(run: Run, say: Language) -> Statement | None:
    """How often the test loss rises, and how far it bends, with batch norm and dropout and without."""
    found = _regularised_and_plain(run)
    if not found:
        return None
    measures = ("test_loss_rises", "test_loss_roughness")
    verdict = agreed(
        by_ratio(plain.learning[measure], regularised.learning[measure], TELLING_RATIO)
        for regularised, plain in _by_seed(*found)
        for measure in measures
        # Losses that never rise tell nothing by their rises.
        if plain.learning[measure] or regularised.learning[measure]
    )
    finding = {
        Verdict.BORNE_OUT: say("Batch norm and dropout make the test loss fall more steadily."),
        Verdict.REVERSED: say("Batch norm and dropout make the test loss fall less steadily."),
        Verdict.OPEN: say(
            "Whether batch norm and dropout make the test loss fall more steadily can't be told from this "
            "run."
        ),
    }[verdict]
    figures = " ".join(
        say(
            "The test loss of `{model}` rises in {share} of its epochs, and its steps change by {roughness} "
            "from one to the next.",
            model=model.name,
            share=say.percent(model.learning["test_loss_rises"]),
            roughness=say.number(model.learning["test_loss_roughness"], 4),
        )
        for model in found
    )
    return Statement(
        "falls-steadier",
        say("Batch norm and dropout make the loss fall more steadily."),
        verdict,
        finding,
        figures,
        [link_curves(say, model) for model in found],
    )


def _regularised_and_plain(run: Run) -> tuple[Model, Model] | None:
    regularised = next(
        (
            model
            for model in subjects.curves(run)
            if model.params.get("batch_norm") and model.params.get("dropout")
        ),
        None,
    )
    plain = subjects.plain_curve(run)
    return (regularised, plain) if regularised and plain else None


def _by_seed(a: Model, b: Model) -> list[tuple[Model, Model]]:
    """The two models, then their reruns, seed by seed."""
    return list(zip(a.every_seed, b.every_seed, strict=False))


def _end(model: Model, column: str) -> list[float]:
    values = model.column(column)
    return values[-_tenth(len(values)) :]


def _tenth(epochs: int) -> int:
    """A tenth of the epochs, two at least if there are two."""
    return min(max(epochs // 10, 2), epochs)
