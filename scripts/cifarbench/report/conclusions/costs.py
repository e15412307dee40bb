"""What the notebook concludes on time and memory."""

from cifarbench.report.conclusions import subjects
from cifarbench.report.conclusions.statement import (
    Statement,
    Verdict,
    agreed,
    by_ratio,
    link_cost,
    link_model,
)
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Run

# Times of single runs on a shared machine: less than this factor is no difference.
TELLING_RATIO = 2.0


def neighbors_fit_fast(run: Run, say: Language) -> Statement | None:
    """Seconds that kNN takes to fit (a grid search apart), against those of the perceptrons."""
    neighbors, perceptrons = subjects.untuned_neighbors(run), subjects.perceptrons(run)
    if not neighbors or not perceptrons:
        return None
    verdict = _longer(perceptrons, neighbors, "fit_seconds")
    finding = {
        Verdict.BORNE_OUT: say("kNN “trains” fast."),
        Verdict.REVERSED: say("kNN takes longer to fit than the perceptrons."),
        Verdict.OPEN: say("Whether kNN fits faster than the perceptrons can't be told from this run."),
    }[verdict]
    figures = say(
        "Fitting took kNN {neighbors}, the perceptrons {perceptrons}.",
        neighbors=_range(say, neighbors, "fit_seconds"),
        perceptrons=_range(say, perceptrons, "fit_seconds"),
    )
    return Statement(
        "neighbors-fit-fast",
        say("kNN “trains” fast."),
        verdict,
        finding,
        f"{figures} {_single(say, verdict)}",
        [link_cost(say)],
    )


def neighbors_predict_slowly(run: Run, say: Language) -> Statement | None:
    """Seconds that kNN takes for the test images, against those of the perceptrons."""
    neighbors, perceptrons = subjects.neighbors(run), subjects.perceptrons(run)
    if not neighbors or not perceptrons:
        return None
    verdict = _longer(neighbors, perceptrons, "predict_seconds")
    finding = {
        Verdict.BORNE_OUT: say("kNN predicts slowly."),
        Verdict.REVERSED: say("kNN predicts faster than the perceptrons."),
        Verdict.OPEN: say(
            "Whether kNN predicts more slowly than the perceptrons can't be told from this run."
        ),
    }[verdict]
    figures = say(
        "Predicting {n} images took kNN {neighbors}, the perceptrons {perceptrons}.",
        n=say.whole(run.dataset["n_test"]),
        neighbors=_range(say, neighbors, "predict_seconds"),
        perceptrons=_range(say, perceptrons, "predict_seconds"),
    )
    return Statement(
        "neighbors-predict-slowly",
        say("kNN predicts slowly."),
        verdict,
        finding,
        f"{figures} {_single(say, verdict)}",
        [link_cost(say)],
    )


def neighbors_keep_training_set(run: Run, say: Language) -> Statement | None:
    """What kNN stores, against one byte for each dimension of each training image."""
    sizes = {model.name: subjects.dimensions(run, model) for model in subjects.neighbors(run)}
    neighbors = [model for model in subjects.neighbors(run) if sizes[model.name]]
    if not neighbors:
        return None
    n_train = run.dataset["n_train"]
    verdict = agreed(
        Verdict.BORNE_OUT if model.fit["stored_mb"] * 1e6 >= n_train * sizes[model.name] else Verdict.REVERSED
        for model in neighbors
    )
    finding = {
        Verdict.BORNE_OUT: say("kNN keeps the whole training set in memory."),
        Verdict.REVERSED: say("kNN keeps less than the training set in memory."),
        Verdict.OPEN: say("Not every kNN keeps the whole training set in memory."),
    }[verdict]
    largest = max(neighbors, key=lambda model: model.fit["stored_mb"])
    figures = say(
        "`{model}` stores {size}, {bytes} bytes for each of the {n} training images.",
        model=largest.name,
        size=say.megabytes(largest.fit["stored_mb"]),
        bytes=say.whole(largest.fit["stored_mb"] * 1e6 / n_train),
        n=say.whole(n_train),
    )
    if perceptrons := subjects.perceptrons(run):
        largest_perceptron = max(perceptrons, key=lambda model: model.fit["stored_mb"])
        figures += " " + say(
            "The largest perceptron, `{model}`, stores {size}.",
            model=largest_perceptron.name,
            size=say.megabytes(largest_perceptron.fit["stored_mb"]),
        )
    return Statement(
        "neighbors-keep-training-set",
        say("kNN keeps the whole training set in memory."),
        verdict,
        finding,
        figures,
        [link_cost(say), link_model(largest)],
    )


def _longer(some: list[Model], others: list[Model], column: str) -> Verdict:
    """Whether each of some models takes longer than each of the others."""
    return agreed(by_ratio(a.fit[column], b.fit[column], TELLING_RATIO) for a in some for b in others)


def _range(say: Language, models: list[Model], column: str) -> str:
    seconds = sorted(model.fit[column] for model in models)
    if len(seconds) == 1:
        return say.seconds(seconds[0])
    return say("{low} to {high}", low=say.seconds(seconds[0]), high=say.seconds(seconds[-1]))


def _single(say: Language, verdict: Verdict) -> str:
    if verdict is Verdict.OPEN:
        return say("Timed once, each would have to differ from each by a factor of two.")
    return say("Timed once; each differs from each by a factor of two at least.")
