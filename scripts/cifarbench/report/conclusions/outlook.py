"""What the notebook would do next: measured, or held against where this run's models fall short."""

from cifarbench.report.conclusions import measured, subjects
from cifarbench.report.conclusions.statement import (
    Statement,
    Verdict,
    by_sign,
    link_curves,
    link_grid,
    link_model,
)
from cifarbench.report.language import Language
from cifarbench.report.results import Run

# Training accuracy that runs ahead by less is no overfit; errors that are rarer leave nothing to gain.
TELLING_SHARE = 0.02


def better_features_next(run: Run, say: Language) -> Statement | None:
    """Whether, for kNN, other features move accuracy more than other numbers of neighbours do, unless it was tried."""
    if tried := measured.better_features(run, say):
        return tried
    tuned = next((model for model in subjects.neighbors(run) if subjects.has_notebooks_grid(model)), None)
    # On other features, but otherwise the same.
    untuned = subjects.untuned_neighbors(run)
    fixed = [model for model in untuned if model.own_params == untuned[0].own_params]
    if len(fixed) < 2 or not tuned:
        return None
    features = _spread([model.accuracy for model in fixed])
    numbers = _spread(
        [
            row["mean_test_score"]
            for row in tuned.grid
            if row[subjects.N_COMPONENTS] == tuned.params["n_components"]
        ]
    )
    # Half the width of an accuracy's interval: less than that moves nothing that could be seen.
    noise = max(model.metrics["accuracy_ci95"][1] - model.metrics["accuracy_ci95"][0] for model in fixed) / 2
    verdict = by_sign(features - numbers - noise, features - numbers + noise)
    finding = {
        Verdict.BORNE_OUT: say(
            "For kNN, better features come next: they move accuracy more than the number of neighbours does."
        ),
        Verdict.REVERSED: say(
            "For kNN, tuning comes next: the number of neighbours moves accuracy more than features do."
        ),
        Verdict.OPEN: say(
            "Whether kNN would gain more by features or by tuning can't be told from this run."
        ),
    }[verdict]
    figures = say(
        "Between features, accuracy spans {features}; between numbers of neighbours in the grid, {numbers}; "
        "the test images tell differences of about {noise}.",
        features=say.number(features),
        numbers=say.number(numbers),
        noise=say.number(noise),
    )
    return Statement(
        "better-features-next",
        say("Next would be better features for the classical side."),
        verdict,
        finding,
        figures,
        [*map(link_model, fixed), link_grid(say, tuned)],
    )


def convolutions_next(run: Run, say: Language) -> Statement | None:
    """Whether most weights of the best perceptron stand for single pixels, and errors are left; unless it was tried."""
    if tried := measured.convolutions(run, say):
        return tried
    model = subjects.dense([model for model in run.ranking if model in subjects.perceptrons(run)])
    if not model:
        return None
    share = min(subjects.weights_on_pixels(run, model) / model.fit["n_parameters"], 1)
    low, high = (1 - bound for bound in reversed(model.metrics["accuracy_ci95"]))
    verdict = by_sign(low - TELLING_SHARE, high - TELLING_SHARE) if share > 0.5 else Verdict.REVERSED
    finding = {
        Verdict.BORNE_OUT: say(
            "For perceptrons, convolutions come next: most weights are tied to single pixels, and errors are "
            "left."
        ),
        Verdict.REVERSED: say("For perceptrons, convolutions have little to gain."),
        Verdict.OPEN: say("Whether convolutions have anything to gain can't be told from this run."),
    }[verdict]
    figures = say(
        "{share} of the parameters of `{model}` are tied to single pixels; it is wrong on {error} of the "
        "test "
        "images (95% interval {low} to {high}).",
        share=say.percent(share),
        model=model.name,
        error=say.percent(1 - model.accuracy, 1),
        low=say.percent(low, 1),
        high=say.percent(high, 1),
    )
    return Statement(
        "convolutions-next",
        say("Next would be convolutions for the neural side."),
        verdict,
        finding,
        figures,
        [link_model(model)],
    )


def augmentation_next(run: Run, say: Language) -> Statement | None:
    """Whether the best perceptron without dropout knows its training images better than others, unless it was tried.

    With dropout, training accuracy is measured on a crippled network and can't be compared.
    """
    if tried := measured.augmentation(run, say):
        return tried
    known = subjects.curves(run)
    model = next((model for model in run.ranking if model in known and not model.params.get("dropout")), None)
    if not model:
        return None
    low, high = model.metrics["accuracy_ci95"]
    train, test = model.column("train_accuracy")[-1], model.column("test_accuracy")[-1]
    verdict = by_sign(train - high - TELLING_SHARE, train - low - TELLING_SHARE)
    finding = {
        Verdict.BORNE_OUT: say(
            "For perceptrons, augmentation comes next: `{model}` overfits.", model=model.name
        ),
        Verdict.REVERSED: say(
            "For perceptrons, augmentation does not come next: `{model}` does not overfit.", model=model.name
        ),
        Verdict.OPEN: say(
            "Whether `{model}` overfits, and augmentation would help, can't be told from this run.",
            model=model.name,
        ),
    }[verdict]
    figures = say(
        "At the end its training accuracy is {train}, its test accuracy {test} (95% interval {low} to "
        "{high}); "
        "a lead of {limit} would count.",
        train=say.number(train),
        test=say.number(test),
        low=say.number(low),
        high=say.number(high),
        limit=say.number(TELLING_SHARE, 2),
    )
    return Statement(
        "augmentation-next",
        say("Next would be augmentation for the neural side."),
        verdict,
        finding,
        figures,
        [link_curves(say, model)],
    )


def _spread(values: list[float]) -> float:
    return max(values) - min(values)
