"""What the notebook would do next, held against where this run's models fall short."""

from cifarbench.conclusions.statement import Statement, Verdict, by_sign, link_model, link_pairs
from cifarbench.language import Language
from cifarbench.results import Model, Run

# An overfit smaller than this share of the images is none.
TELLING_GAP = 0.02


def better_features_next(run: Run, say: Language) -> Statement | None:
    """Whether, for kNN, other features move accuracy more than other hyperparameters do."""
    fixed = [model for model in run.neighbors if not model.grid]
    tuned = next((model for model in run.neighbors if model.grid), None)
    by_features = _spread([model.accuracy for model in fixed])
    if len(fixed) < 2 or not tuned:
        return None
    best = tuned.params["n_components"]
    by_neighbors = _spread(
        [row["mean_test_score"] for row in tuned.grid if row["param_pca__n_components"] == best]
    )
    # Below twice the uncertainty of one accuracy, neither moves anything that could be seen.
    noise = max(model.metrics["accuracy_ci95"][1] - model.metrics["accuracy_ci95"][0] for model in fixed) / 2
    if abs(by_features - by_neighbors) < noise:
        verdict = Verdict.OPEN
        lead = say("Whether better features would do more for kNN than tuning can't be told from this run.")
    elif by_features > by_neighbors:
        verdict = Verdict.BORNE_OUT
        lead = say(
            "For kNN, better features come next: features move accuracy more than the number of neighbours."
        )
    else:
        verdict = Verdict.REVERSED
        lead = say(
            "For kNN, tuning comes next: the number of neighbours moves accuracy more than features do."
        )
    figures = say(
        "Between features, accuracy spans {features}; between numbers of neighbours in the grid, {neighbors}; the "
        "test set tells differences of about {noise}.",
        features=say.number(by_features),
        neighbors=say.number(by_neighbors),
        noise=say.number(noise),
    )
    return Statement(
        "better-features-next",
        say("Next would be better features for the classical side."),
        verdict,
        lead,
        figures,
        [link_pairs(say), link_model(tuned)],
    )


def augmentation_next(run: Run, say: Language) -> Statement | None:
    """Whether the most accurate network knows its training images better than others."""
    model = _best_network(run)
    if not model:
        return None
    low, high = model.metrics["accuracy_ci95"]
    train, test = model.column("train_accuracy")[-1], model.column("test_accuracy")[-1]
    verdict = by_sign(train - high - TELLING_GAP, train - low - TELLING_GAP)
    lead = {
        Verdict.BORNE_OUT: say(
            "For networks, augmentation comes next: `{model}` overfits.", model=model.name
        ),
        Verdict.REVERSED: say(
            "Augmentation is not what `{model}` lacks: it does not overfit, and would gain more from a larger "
            "network or longer training.",
            model=model.name,
        ),
        Verdict.OPEN: say(
            "Whether augmentation would help `{model}` can't be told from this run.", model=model.name
        ),
    }[verdict]
    figures = say(
        "At the end its training accuracy is {train} and its test accuracy {test} (95% interval {low} to {high}).",
        train=say.number(train),
        test=say.number(test),
        low=say.number(low),
        high=say.number(high),
    )
    return Statement(
        "augmentation-next",
        say("Next would be augmentation for the neural side."),
        verdict,
        lead,
        figures,
        [link_model(model)],
    )


def convolutions_next(run: Run, say: Language) -> Statement | None:
    """Whether most weights of the most accurate network stand for single pixels, and images are left to gain."""
    model = _best_network(run)
    if not model or "hidden_dim" not in model.params:
        return None
    share = run.n_features * model.params["hidden_dim"] / model.fit["n_parameters"]
    low, high = (1 - bound for bound in reversed(model.metrics["accuracy_ci95"]))
    if share > 1:
        return None
    verdict = Verdict.BORNE_OUT if share > 0.5 and low > TELLING_GAP else Verdict.REVERSED
    if high > TELLING_GAP >= low and share > 0.5:
        verdict = Verdict.OPEN
    lead = {
        Verdict.BORNE_OUT: say(
            "For networks, convolutions come next: most weights are tied to single pixels, which they would share."
        ),
        Verdict.REVERSED: say("Convolutions have little to gain here."),
        Verdict.OPEN: say("Whether convolutions have anything to gain can't be told from this run."),
    }[verdict]
    figures = say(
        "{share} of the weights of `{model}` are tied to single pixels, and it names {error} of the test images "
        "wrongly (95% interval {low} to {high}).",
        share=say.percent(share),
        model=model.name,
        error=say.number(1 - model.accuracy),
        low=say.number(low),
        high=say.number(high),
    )
    return Statement(
        "convolutions-next",
        say("Next would be convolutions for the neural side."),
        verdict,
        lead,
        figures,
        [link_model(model)],
    )


def _best_network(run: Run) -> Model | None:
    return next((model for model in run.ranking if model.is_network), None)


def _spread(values: list[float]) -> float:
    return max(values) - min(values) if values else 0.0
