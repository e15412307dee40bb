"""What the notebook concludes on perceptrons, once trained."""

from collections import Counter

from cifarbench.report.conclusions import subjects
from cifarbench.report.conclusions.statement import (
    Statement,
    Verdict,
    ahead,
    compared,
    link_cost,
    link_model,
    link_pairs,
)
from cifarbench.report.language import Language
from cifarbench.report.results import Run


def networks_win(run: Run, say: Language) -> Statement | None:
    """Every perceptron against every kNN."""
    perceptrons, neighbors = subjects.perceptrons(run), subjects.neighbors(run)
    if not perceptrons or not neighbors:
        return None
    duels = Counter(ahead(run, one, neighbor) for one in perceptrons for neighbor in neighbors)
    won, lost, n = duels[Verdict.BORNE_OUT], duels[Verdict.REVERSED], duels.total()
    if won == n:
        verdict, finding = Verdict.BORNE_OUT, say("The perceptrons beat every kNN.")
    elif lost == n:
        verdict, finding = Verdict.REVERSED, say("Every kNN beats every perceptron.")
    elif lost:
        verdict, finding = Verdict.REVERSED, say("Not every perceptron beats every kNN.")
    else:
        verdict, finding = (
            Verdict.OPEN,
            say("Whether the perceptrons beat every kNN can't be told from this run."),
        )
    count = say(
        "Of {n} pairs of a perceptron and a kNN, {won} go to the perceptron, {lost} to kNN, {open} can't be told.",
        n=n,
        won=won,
        lost=lost,
        open=duels[Verdict.OPEN],
    )
    of_each = say("The best of each kind:")
    best = [next(model for model in run.ranking if model in some) for some in (perceptrons, neighbors)]
    return Statement(
        "networks-win",
        say("The perceptrons beat every kNN."),
        verdict,
        finding,
        f"{count} {of_each} {compared(run, say, *best)}",
        [link_pairs(say), *map(link_model, best)],
    )


def parameters_grow(run: Run, say: Language) -> Statement | None:
    """How many of a network's parameters hang on the number of pixels."""
    model = subjects.dense(subjects.perceptrons(run))
    if not model:
        return None
    total, inputs = model.fit["n_parameters"], subjects.weights_on_pixels(run, model)
    if inputs > total:
        verdict, finding = Verdict.REVERSED, say("The perceptron's parameters don't grow with image size.")
        figures = say(
            "`{model}` has {total}, fewer than one for each pixel value and hidden unit ({inputs}).",
            model=model.name,
            total=say.whole(total),
            inputs=say.whole(inputs),
        )
    else:
        verdict, finding = Verdict.BORNE_OUT, say("The perceptron's parameters grow with image size.")
        figures = say(
            "{inputs} of the {total} parameters of `{model}` ({share}) are one for each of the {pixels} "
            "pixel "
            "values and each hidden unit; images of twice the width and height would make it {doubled}.",
            model=model.name,
            total=say.whole(total),
            inputs=say.whole(inputs),
            share=say.percent(inputs / total),
            pixels=say.whole(run.n_features),
            doubled=say.whole(total + 3 * inputs),
        )
    return Statement(
        "parameters-grow",
        say("The perceptron's parameters grow with image size."),
        verdict,
        finding,
        figures,
        [link_cost(say), link_model(model)],
    )
