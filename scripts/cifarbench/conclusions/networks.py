"""What the notebook concludes on networks: against neighbours, and on how they train."""

from statistics import fmean, stdev

from cifarbench import published
from cifarbench.conclusions.statement import (
    Link,
    Statement,
    Verdict,
    agreed,
    by_sign,
    compared,
    link_model,
    link_pairs,
    of_pair,
)
from cifarbench.language import Language
from cifarbench.results import Model, Run

# Figures of a single training that differ by less than this factor are taken for equal.
TELLING_RATIO = 1.1


def networks_win(run: Run, say: Language) -> Statement | None:
    """Every network against every kNN."""
    if not run.networks or not run.neighbors:
        return None
    duels = [(network, neighbor) for network in run.networks for neighbor in run.neighbors]
    verdicts = {(a.name, b.name): of_pair(run.pair(a, b)) for a, b in duels}
    lost = [duel for duel in duels if verdicts[duel[0].name, duel[1].name] is Verdict.REVERSED]
    open_ = [duel for duel in duels if verdicts[duel[0].name, duel[1].name] is Verdict.OPEN]
    if len(lost) == len(duels):
        verdict, lead = Verdict.REVERSED, say("Every kNN beats every network.")
    elif lost:
        verdict = Verdict.REVERSED
        lead = say("Not every network beats every kNN: {duels}.", duels=_duels(say, lost, "{b} beats {a}"))
    elif open_:
        verdict = Verdict.OPEN
        lead = say(
            "Whether every network beats every kNN can't be told from this run: {duels}.",
            duels=_duels(say, open_, "{a} can't be told from {b}"),
        )
    else:
        verdict, lead = Verdict.BORNE_OUT, say("The networks beat every kNN.")
    best = (
        max(run.networks, key=lambda model: model.accuracy),
        max(run.neighbors, key=lambda model: model.accuracy),
    )
    return Statement(
        "networks-win",
        say("The perceptrons beat every kNN."),
        verdict,
        lead,
        f"{say('The best of each kind:')} {compared(say, run.pair(*best), *best)}",
        [link_pairs(say), *(link_model(model) for model in best)],
    )


def levels_off(run: Run, say: Language) -> Statement | None:
    """Where the test accuracy of a plain network levels off, and what its training accuracy does from there."""
    model = next((model for model in run.networks if model.is_plain_network and model.learning), None)
    if not model:
        return None
    courses = [_course(one) for one in model.every_seed]
    if len(set(courses)) > 1:
        verdict = Verdict.OPEN
        lead = say("Whether `{model}` levels off on test depends on its seed.", model=model.name)
    elif courses[0] == "leaves training behind":
        verdict = Verdict.BORNE_OUT
        lead = say("`{model}` levels off on test while training accuracy climbs on.", model=model.name)
    elif courses[0] == "levels off with training":
        verdict = Verdict.REVERSED
        lead = say("`{model}` levels off on test, and training accuracy with it.", model=model.name)
    else:
        verdict = Verdict.REVERSED
        lead = say("`{model}` has not levelled off on test when its training ends.", model=model.name)
    return Statement(
        "levels-off",
        say("The plain perceptron starts to level off on test while training accuracy climbs on."),
        verdict,
        lead,
        _course_figures(run, say, model),
        [_curves(say, model)],
    )


def _course(model: Model) -> str:
    epoch = model.learning["levels_off"]["epoch"]
    if epoch is None:
        return "climbs on"
    # As much as still counts for nothing on test must be gained in training, and more than on test.
    climbs = _rise(model, "train_accuracy", epoch) > max(
        model.learning["levels_off"]["gain"], _rise(model, "test_accuracy", epoch)
    )
    return "leaves training behind" if climbs else "levels off with training"


def _course_figures(run: Run, say: Language, model: Model) -> str:
    epoch, epochs = model.learning["levels_off"]["epoch"], len(model.history)
    since = -max(epochs // 10, 2) if epoch is None else epoch
    text = say(
        "From epoch {epoch} of {epochs} on, test accuracy goes from {test_then} to {test_now}, training accuracy from "
        "{train_then} to {train_now}.",
        epoch=say.whole(model.column("epoch")[since]),
        epochs=say.whole(epochs),
        test_then=say.number(model.column("test_accuracy")[since]),
        test_now=say.number(model.column("test_accuracy")[-1]),
        train_then=say.number(model.column("train_accuracy")[since]),
        train_now=say.number(model.column("train_accuracy")[-1]),
    )
    if epoch is not None and run.dataset["dataset"] == published.DATASET:
        text += " " + say(
            "That is {n} epochs from where the notebook's author saw it.",
            n=say.whole(abs(epoch - published.LEVELS_OFF)),
        )
    return text


def dropout_lifts_training_loss(run: Run, say: Language) -> Statement | None:
    """Training loss against test loss with dropout, at the end, and the same without it."""
    model = next((model for model in run.networks if model.params.get("dropout")), None)
    if not model or len(model.history) < 2:
        return None
    plain = next((model for model in run.networks if model.is_plain_network), None)
    verdict = agreed([by_sign(*_loss_gap(one)) for one in model.every_seed])
    lead = {
        Verdict.BORNE_OUT: say("With dropout, the training loss lies above the test loss."),
        Verdict.REVERSED: say("Even with dropout, the training loss lies below the test loss."),
        Verdict.OPEN: say("Which of the two losses is higher with dropout can't be told from this run."),
    }[verdict]
    figures = _losses(say, model)
    links = [_curves(say, model)]
    if plain:
        figures += " " + _losses(say, plain)
        links.append(_curves(say, plain))
        if verdict is Verdict.BORNE_OUT:
            if by_sign(*_loss_gap(plain)) is Verdict.REVERSED:
                figures += " " + say(
                    "Without dropout it is the other way round: what lifts the training loss is off at evaluation."
                )
            else:
                verdict = Verdict.OPEN
                figures += " " + say(
                    "Without dropout it is no lower either, so dropout alone does not explain it."
                )
    return Statement(
        "dropout-lifts-training-loss",
        say("With dropout the training loss lies above the test loss, because dropout is off at evaluation."),
        verdict,
        lead,
        figures,
        links,
    )


def falls_faster(run: Run, say: Language) -> Statement | None:
    """Epochs that a network with batch norm and dropout needs to a test loss that the plain one reaches too."""
    found = _regularised_and_plain(run)
    if not found:
        return None
    regularised, plain = found
    needed = [_epochs_to_shared_loss(a, b) for a, b in _by_seed(regularised, plain)]
    verdict = agreed([_by_ratio(slow + 1, fast + 1) for fast, slow, _ in needed])
    lead = {
        Verdict.BORNE_OUT: say("Batch norm and dropout make the test loss fall faster."),
        Verdict.REVERSED: say("Batch norm and dropout make the test loss fall more slowly."),
        Verdict.OPEN: say(
            "Whether batch norm and dropout make the test loss fall faster can't be told from this run."
        ),
    }[verdict]
    fast, slow, level = needed[0]
    figures = say(
        "`{regularised}` is down to {level} in epoch {fast}, `{plain}` in epoch {slow}.",
        regularised=regularised.name,
        plain=plain.name,
        level=say.number(level),
        fast=say.whole(fast),
        slow=say.whole(slow),
    )
    return Statement(
        "falls-faster",
        say("Batch norm and dropout make the loss fall faster."),
        verdict,
        lead,
        figures,
        [_curves(say, regularised), _curves(say, plain)],
    )


def falls_steadier(run: Run, say: Language) -> Statement | None:
    """How often the test loss rises, and how far it bends, with batch norm and dropout and without."""
    found = _regularised_and_plain(run)
    if not found:
        return None
    regularised, plain = found
    measures = ("test_loss_rises", "test_loss_roughness")
    verdict = agreed(
        [
            _by_ratio(b.learning[measure], a.learning[measure])
            for a, b in _by_seed(regularised, plain)
            for measure in measures
            # A loss that never rises tells nothing by its rises.
            if a.learning[measure] or b.learning[measure]
        ]
    )
    lead = {
        Verdict.BORNE_OUT: say("Batch norm and dropout make the test loss fall more steadily."),
        Verdict.REVERSED: say("Batch norm and dropout make the test loss fall less steadily."),
        Verdict.OPEN: say(
            "Whether batch norm and dropout make the test loss fall more steadily can't be told from this run."
        ),
    }[verdict]
    figures = " ".join(
        say(
            "The test loss of `{model}` rises in {share} of its epochs, and its steps change by {roughness} from one "
            "to the next.",
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
        lead,
        figures,
        [_curves(say, regularised), _curves(say, plain)],
    )


def _duels(say: Language, duels: list[tuple[Model, Model]], message: str) -> str:
    return say.listed([say(message, a=f"`{a.name}`", b=f"`{b.name}`") for a, b in duels])


def _rise(model: Model, column: str, epoch: int) -> float:
    values = model.column(column)
    return values[-1] - values[epoch]


def _last_tenth(model: Model, column: str) -> list[float]:
    values = model.column(column)
    return values[-max(len(values) // 10, 2) :]


def _loss_gap(model: Model) -> tuple[float, float]:
    """Training loss less test loss over the last tenth of the epochs: its mean, two deviations either way."""
    gaps = [
        a - b for a, b in zip(_last_tenth(model, "train_loss"), _last_tenth(model, "test_loss"), strict=True)
    ]
    return fmean(gaps) - 2 * stdev(gaps), fmean(gaps) + 2 * stdev(gaps)


def _losses(say: Language, model: Model) -> str:
    return say(
        "Over the last tenth of its epochs `{model}` has a training loss of {train} and a test loss of {test}.",
        model=model.name,
        train=say.number(fmean(_last_tenth(model, "train_loss"))),
        test=say.number(fmean(_last_tenth(model, "test_loss"))),
    )


def _regularised_and_plain(run: Run) -> tuple[Model, Model] | None:
    regularised = next(
        (model for model in run.networks if model.params.get("batch_norm") and model.params.get("dropout")),
        None,
    )
    plain = next((model for model in run.networks if model.is_plain_network), None)
    if not regularised or not plain or not regularised.learning or not plain.learning:
        return None
    return regularised, plain


def _by_seed(a: Model, b: Model) -> list[tuple[Model, Model]]:
    return list(zip(a.every_seed, b.every_seed, strict=False))


def _epochs_to_shared_loss(a: Model, b: Model) -> tuple[int, int, float]:
    """The epochs in which two models first reach a test loss that both do, and that loss.

    It lies nine tenths of the way down from the higher first loss to the higher of the two lowest.
    """
    losses = [a.column("test_loss"), b.column("test_loss")]
    start, end = max(values[0] for values in losses), max(min(values) for values in losses)
    level = end + 0.1 * (start - end)
    first, second = [next(i for i, loss in enumerate(values) if loss <= level) for values in losses]
    return first, second, level


def _by_ratio(larger: float, smaller: float) -> Verdict:
    """Borne out where the first figure is the larger one by a telling factor, reversed the other way round."""
    if larger >= TELLING_RATIO * smaller:
        return Verdict.BORNE_OUT
    return Verdict.REVERSED if smaller >= TELLING_RATIO * larger else Verdict.OPEN


def _curves(say: Language, model: Model) -> Link:
    return Link(say("curves of {model}", model=model.name), f"training-{model.name}")
