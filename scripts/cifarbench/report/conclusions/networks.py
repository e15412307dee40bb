"""What the notebook concludes on networks, once trained."""

from collections import Counter

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
    """Every network against every kNN."""
    if not run.networks or not run.neighbors:
        return None
    duels = Counter(ahead(run, network, neighbor) for network in run.networks for neighbor in run.neighbors)
    won, lost, n = duels[Verdict.BORNE_OUT], duels[Verdict.REVERSED], duels.total()
    if won == n:
        verdict, finding = Verdict.BORNE_OUT, say("The networks beat every kNN.")
    elif lost == n:
        verdict, finding = Verdict.REVERSED, say("Every kNN beats every network.")
    elif lost:
        verdict, finding = Verdict.REVERSED, say("Not every network beats every kNN.")
    else:
        verdict, finding = (
            Verdict.OPEN,
            say("Whether the networks beat every kNN can't be told from this run."),
        )
    count = say(
        "Of {n} pairs of a network and a kNN, {won} go to the network, {lost} to kNN, {open} can't be told.",
        n=n,
        won=won,
        lost=lost,
        open=duels[Verdict.OPEN],
    )
    of_each = say("The best of each kind:")
    best = (
        next(model for model in run.ranking if model.is_network),
        next(model for model in run.ranking if model.is_neighbors),
    )
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
    model = next((model for model in run.networks if "hidden_dim" in model.params), None)
    if not model:
        return None
    total, inputs = model.fit["n_parameters"], run.weights_on_pixels(model)
    if inputs > total:
        verdict, finding = Verdict.REVERSED, say("The network's parameters don't grow with image size.")
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
