"""What the notebook concludes on time, memory and size."""

from collections.abc import Callable

from cifarbench.conclusions.statement import Statement, Verdict, link_cost, link_model
from cifarbench.language import Language
from cifarbench.results import Model, Run

# Times of single runs on a shared machine: less than this factor is no difference.
TELLING_RATIO = 2.0


def neighbors_fit_fast(run: Run, say: Language) -> Statement | None:
    """Seconds that kNN takes to fit (a grid search apart), against those of the networks."""
    neighbors = [model for model in run.neighbors if not model.grid]
    return _seconds(
        run,
        say,
        "neighbors-fit-fast",
        neighbors,
        "fit_seconds",
        slower=False,
        claim=say('kNN "trains" fast.'),
        leads={
            Verdict.BORNE_OUT: say('kNN "trains" fast.'),
            Verdict.REVERSED: say("kNN takes longer to fit than the networks."),
            Verdict.OPEN: say("Whether kNN fits faster than the networks can't be told from this run."),
        },
        action=say("fitting"),
    )


def neighbors_predict_slowly(run: Run, say: Language) -> Statement | None:
    """Seconds that kNN takes for the test images, against those of the networks."""
    return _seconds(
        run,
        say,
        "neighbors-predict-slowly",
        run.neighbors,
        "predict_seconds",
        slower=True,
        claim=say("kNN predicts slowly."),
        leads={
            Verdict.BORNE_OUT: say("kNN predicts slowly."),
            Verdict.REVERSED: say("kNN predicts faster than the networks."),
            Verdict.OPEN: say(
                "Whether kNN predicts more slowly than the networks can't be told from this run."
            ),
        },
        action=say("predicting the test images"),
    )


def _seconds(
    run: Run,
    say: Language,
    name: str,
    neighbors: list[Model],
    column: str,
    slower: bool,
    claim: str,
    leads: dict[Verdict, str],
    action: str,
) -> Statement | None:
    if not neighbors or not run.networks:
        return None
    ours = sorted(model.fit[column] for model in neighbors)
    theirs = sorted(model.fit[column] for model in run.networks)
    above, below = (ours, theirs) if slower else (theirs, ours)
    if above[0] >= TELLING_RATIO * below[-1]:
        verdict = Verdict.BORNE_OUT
    elif below[0] >= TELLING_RATIO * above[-1]:
        verdict = Verdict.REVERSED
    else:
        verdict = Verdict.OPEN
    figures = say(
        "Timed once: {action} took kNN {ours}, the networks {theirs}.",
        action=action,
        ours=_range(say, ours, say.seconds),
        theirs=_range(say, theirs, say.seconds),
    )
    if verdict is Verdict.OPEN:
        figures += " " + say(
            "That is not twice as long for every one of either kind, which a single timing would have to show."
        )
    return Statement(name, claim, verdict, leads[verdict], figures, [link_cost(say)])


def neighbors_keep_training_set(run: Run, say: Language) -> Statement | None:
    """What kNN stores, against one byte for each dimension of each training image."""
    if not run.neighbors:
        return None
    n_train = run.dataset["n_train"]
    kept = [model.fit["stored_mb"] * 1e6 >= n_train * _dimensions(run, model) for model in run.neighbors]
    largest = max(run.neighbors, key=lambda model: model.fit["stored_mb"])
    figures = say(
        "`{model}` stores {size}, {bytes} bytes for each of the {n} training images.",
        model=largest.name,
        size=say.megabytes(largest.fit["stored_mb"]),
        bytes=say.whole(largest.fit["stored_mb"] * 1e6 / n_train),
        n=say.whole(n_train),
    )
    if run.networks:
        network = max(run.networks, key=lambda model: model.fit["stored_mb"])
        figures += " " + say(
            "The largest network, `{model}`, stores {size}.",
            model=network.name,
            size=say.megabytes(network.fit["stored_mb"]),
        )
    if all(kept):
        verdict, lead = Verdict.BORNE_OUT, say("kNN keeps the whole training set.")
    elif not any(kept):
        verdict, lead = Verdict.REVERSED, say("kNN stores less than the training set.")
    else:
        verdict, lead = Verdict.OPEN, say("Not every kNN keeps the whole training set.")
    return Statement(
        "neighbors-keep-training-set",
        say("kNN keeps the whole training set in memory."),
        verdict,
        lead,
        figures,
        [link_cost(say), link_model(largest)],
    )


def parameters_grow(run: Run, say: Language) -> Statement | None:
    """How many of a network's parameters hang on the number of pixels."""
    model = next((model for model in run.networks if "hidden_dim" in model.params), None)
    if not model:
        return None
    total, inputs = model.fit["n_parameters"], run.n_features * model.params["hidden_dim"]
    if inputs > total:
        verdict, lead = Verdict.REVERSED, say("The network's parameters don't grow with image size.")
        figures = say(
            "`{model}` has {total}, fewer than one for each pixel value and hidden unit ({inputs}).",
            model=model.name,
            total=say.whole(total),
            inputs=say.whole(inputs),
        )
    else:
        verdict, lead = Verdict.BORNE_OUT, say("The perceptron's parameters grow with image size.")
        figures = say(
            "{inputs} of the {total} parameters of `{model}` ({share}) are one for each of the {pixels} pixel values "
            "and each hidden unit; images of twice the width and height would make it {doubled}.",
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
        lead,
        figures,
        [link_cost(say), link_model(model)],
    )


def _dimensions(run: Run, model: Model) -> int:
    return model.params.get("n_components") or run.n_features


def _range(say: Language, values: list[float], unit: Callable[[float], str]) -> str:
    if len(values) == 1:
        return unit(values[0])
    return say("{low} to {high}", low=unit(values[0]), high=unit(values[-1]))
