"""What the report says and shows of one model."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import fmean, stdev
from typing import Any

from cifarbench.evaluation.candidates import MOST_SHOWN, parameters, ranked, text
from cifarbench.report import failures, published
from cifarbench.report.language import Language
from cifarbench.report.pictures import Figure, Pictures
from cifarbench.report.results import Model, Row, Run


@dataclass(frozen=True)
class Fact:
    """A figure of a model, with what it stands for and how sure it is."""

    name: str
    value: str
    note: str = ""


class ModelView:
    """A model, piece by piece, in the words of one language."""

    failure = reason = ""

    def __init__(self, model: Model, run: Run, say: Language, pictures: Pictures):
        self.model = model
        self.run = run
        self.say = say
        self._pictures = pictures

    @property
    def name(self) -> str:
        """The model's id."""
        return self.model.name

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of its metrics.json."""
        return self.model.metrics

    @property
    def fit(self) -> dict[str, Any]:
        """The content of its fit.json."""
        return self.model.fit

    @property
    def is_best(self) -> bool:
        """Whether no other model is more accurate."""
        return self.model is self.run.ranking[0]

    @property
    def gives_probabilities(self) -> bool:
        """Whether it says how sure it is."""
        return self.fit["probabilities"]

    def figure(self, name: str) -> Figure | None:
        """One of the model's pictures, if it was drawn and tells anything."""
        return self._pictures.find(f"figures/{self.name}", name) if self._tells(name) else None

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """Path and caption of each of these pictures."""
        paths = self._pictures.paths(f"figures/{self.name}")
        return [
            (path, self._pictures.caption(path)) for path in paths if self._tells(PurePosixPath(path).stem)
        ]

    def _tells(self, name: str) -> bool:
        return self.gives_probabilities or name != "reliability"

    @property
    def missing(self) -> list[str]:
        """Why some of what should stand here does not: a sentence for each reason."""
        return [
            f"{failures.of_files(self.say, found)} {failures.log(self.say, found)}"
            for found in self.run.missing(self.name)
        ]

    @property
    def facts(self) -> list[Fact]:
        """The figures of a model that one looks at first."""
        say, metrics, fit = self.say, self.metrics, self.fit
        facts = [
            Fact(say("Accuracy"), say.number(self.model.accuracy), self._interval("accuracy_ci95")),
            Fact(say("Macro F1"), say.number(metrics["macro"]["f1"]), self._interval("macro_f1_ci95")),
            *(self._facts_of_confidence if self.gives_probabilities else []),
            Fact(say("Fit"), say.seconds(fit["fit_seconds"])),
            Fact(say("Prediction"), say.seconds(fit["predict_seconds"])),
            Fact(say("Stored"), say.megabytes(fit["stored_mb"])),
        ]
        if self.model.reruns:
            seeds = ", ".join(str(one.fit["seed"]) for one in self.model.every_seed)
            facts.insert(1, Fact(say("Over seeds"), self.over_seeds, say("seeds {seeds}", seeds=seeds)))
        if "ann" in fit:
            ann = fit["ann"]
            facts.append(
                Fact(
                    say("Neighbours found"),
                    say.percent(ann["recall"], 1),
                    say(
                        "of the exact ones of {sample} test images, {times} times as many a second",
                        sample=say.whole(ann["sample"]),
                        times=say.number(ann["queries_per_second"] / ann["exact_queries_per_second"], 1),
                    ),
                )
            )
        if fit["n_parameters"]:
            facts.append(Fact(say("Parameters"), say.whole(fit["n_parameters"])))
        return facts

    @property
    def _facts_of_confidence(self) -> list[Fact]:
        say, metrics = self.say, self.metrics
        return [
            Fact(
                say("Top-2 accuracy"),
                say.number(metrics["top2_accuracy"]),
                say("right class among the likeliest two"),
            ),
            Fact(
                say("Calibration error"),
                say.number(metrics["expected_calibration_error"]),
                say("how far confidence lies from accuracy"),
            ),
        ]

    @property
    def confidence(self) -> str:
        """How sure it is, and how right."""
        if not self.gives_probabilities:
            return self.say("This classifier gives no probabilities, so its calibration can't be told.")
        return self.say(
            "On average it is {confidence} sure and {accuracy} right; within bins of equal confidence the two lie "
            "{error} apart.",
            confidence=self.say.percent(self.metrics["mean_confidence"], 1),
            accuracy=self.say.percent(self.model.accuracy, 1),
            error=self.say.percent(self.metrics["expected_calibration_error"], 1),
        )

    @property
    def over_seeds(self) -> str:
        """Mean and standard deviation of accuracy over seeds; a dash for a model that was trained once."""
        accuracies = self.model.accuracies
        if len(accuracies) < 2:
            return "\N{EN DASH}"
        return f"{self.say.number(fmean(accuracies))} ± {self.say.number(stdev(accuracies))}"

    @property
    def about(self) -> list[str]:
        """What it is: its kind, its features and their hyperparameters, its own, and whether they were tuned."""
        say, features = self.say, self.model.features
        head = say(
            "{kind} on {features}",
            kind=_capitalised(say.term(self.model.kind)),
            features=" > ".join(f"`{one['name']}`" for one in features) or say("pixels"),
        )
        own = self._values(self.model.own_params)
        sentences = [f"{head}: {own}." if own else f"{head}."]
        sentences += [
            say("`{name}` has {values}.", name=one["name"], values=values)
            if one["name"] == one["kind"]
            else say("`{name}` is `{kind}` with {values}.", name=one["name"], kind=one["kind"], values=values)
            for one in features
            if (values := self._values(one["params"]))
        ]
        if self.fit["tuning_seconds"] is not None:
            sentences.append(
                say(
                    "Tuned: of the {fit} of its fit, the search took {search}.",
                    fit=say.seconds(self.fit["fit_seconds"]),
                    search=say.seconds(self.fit["tuning_seconds"]),
                )
            )
        return sentences

    @property
    def best_classes(self) -> list[str]:
        """The three best classes by precision, by recall and by F1, with their values."""
        say, per_class = self.say, self.metrics["per_class"]

        def named(kind: str) -> str:
            best = self.metrics["top3"][kind]
            return ", ".join(f"{name} ({say.number(per_class[name][kind])})" for name in best)

        return [
            say("Best by precision: {classes}.", classes=named("precision")),
            say("Best by recall: {classes}.", classes=named("recall")),
            say("Best by F1: {classes}.", classes=named("f1")),
        ]

    @property
    def learning(self) -> list[str]:
        """How the training went, in sentences."""
        say, found = self.say, self.model.learning
        if not found:
            return []
        lowest, gap, level = found["lowest_test_loss"], found["gap"], found["levels_off"]
        sentences = [
            say(
                "The test loss is lowest in epoch {epoch} of {epochs}, at {loss}.",
                epoch=say.whole(lowest["epoch"]),
                epochs=say.whole(found["epochs"]),
                loss=say.number(lowest["value"]),
            ),
            say(
                "At the end, training less test is {accuracy} in accuracy and {loss} in loss.",
                accuracy=say.signed(gap["accuracy"]),
                loss=say.signed(-gap["loss"]),
            ),
        ]
        if level["epoch"] is None:
            sentences.append(
                say(
                    "Test accuracy does not level off: its running mean over {window} epochs gains more than "
                    "{gain} until the last tenth.",
                    window=level["window"],
                    gain=say.number(level["gain"], 2),
                )
            )
        else:
            sentences.append(
                say(
                    "Test accuracy levels off at epoch {epoch}: from there its running mean over {window} "
                    "epochs gains no more than {gain}.",
                    epoch=say.whole(level["epoch"]),
                    window=level["window"],
                    gain=say.number(level["gain"], 2),
                )
            )
        return sentences

    @property
    def published_course(self) -> list[tuple[int, float, float]]:
        """Epoch, the notebook's test accuracy and this run's, where both have one."""
        course = published.CURVES.get(self.name, {}) if self.run.is_published else {}
        ours = {int(row["epoch"]): row["test_accuracy"] for row in self.model.history}
        return [(epoch, theirs, ours[epoch]) for epoch, theirs in course.items() if epoch in ours]

    @property
    def grid_names(self) -> dict[str, str]:
        """The columns of the grid's hyperparameters, and what these are called."""
        return parameters(self.model.grid)

    def is_numeric(self, column: str) -> bool:
        """Whether the values of a hyperparameter in the grid can be sorted as numbers."""
        values = [row[column] for row in self.model.grid]
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

    @property
    def grid(self) -> list[Row]:
        """The candidates of a grid search, the best first; only the best ones if there are many."""
        return ranked(self.model.grid)[:MOST_SHOWN]

    @property
    def grid_choice(self) -> str:
        """Which candidate the search chose, and which one the notebook's did."""
        say, names = self.say, self.grid_names

        def params(candidate: Row) -> str:
            return say.listed([f"`{name}` {text(candidate[column])}" for column, name in names.items()])

        sentence = say(
            "The best of {n} candidates has {params}.",
            n=say.whole(len(self.model.grid)),
            params=params(self.grid[0]),
        )
        theirs = published.CHOICES.get(self.name, {}) if self.run.is_published else {}
        if theirs.keys() == names.keys():
            sentence += " " + say("The notebook's search chose {params}.", params=params(theirs))
        return sentence

    @property
    def grid_caption(self) -> str:
        """That the table does not show every candidate, if so."""
        left_out = len(self.grid) < len(self.model.grid)
        return self.say("The best {n}.", n=len(self.grid)) if left_out else ""

    def _interval(self, name: str) -> str:
        low, high = map(self.say.number, self.metrics[name])
        return f"{low}\N{EN DASH}{high}"

    def _values(self, params: dict[str, Any]) -> str:
        # Of a parameter with parts, each part; none of those that stand for nothing.
        flat: dict[str, Any] = {}
        for name, value in params.items():
            flat |= (
                {f"{name}.{part}": one for part, one in value.items()}
                if isinstance(value, dict)
                else {name: value}
            )
        return ", ".join(f"`{name}` {text(value)}" for name, value in flat.items() if value is not None)


class FailedView:
    """A model that failed, in the words of one language."""

    is_best = False

    def __init__(self, name: str, run: Run, say: Language):
        failure = run.failed[name]
        self.name = name
        self.failure = failures.of_model(say, name, failure)
        self.reason = f"`{failure.step}`: {failures.reason(failure)}"
        self.log = failures.log(say, failure)


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]
