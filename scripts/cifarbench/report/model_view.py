"""What the report says and shows of one model."""

from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from cifarbench.report import published
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

    def figure(self, name: str) -> Figure | None:
        """One of the model's pictures, if it was drawn."""
        return self._pictures.find(f"figures/{self.name}", name)

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """Path and caption of each of the model's pictures."""
        paths = self._pictures.paths(f"figures/{self.name}")
        return [(path, self._pictures.caption(path)) for path in paths]

    @property
    def facts(self) -> list[Fact]:
        """The figures of a model that one looks at first."""
        say, metrics, fit = self.say, self.metrics, self.fit
        facts = [
            Fact(say("Accuracy"), say.number(self.model.accuracy), self._interval("accuracy_ci95")),
            Fact(say("Macro F1"), say.number(metrics["macro"]["f1"]), self._interval("macro_f1_ci95")),
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
            Fact(say("Fit"), say.seconds(fit["fit_seconds"])),
            Fact(say("Prediction"), say.seconds(fit["predict_seconds"])),
            Fact(say("Stored"), say.megabytes(fit["stored_mb"])),
        ]
        if self.model.reruns:
            seeds = ", ".join(str(one.fit["seed"]) for one in self.model.every_seed)
            facts.insert(1, Fact(say("Over seeds"), self.over_seeds, say("seeds {seeds}", seeds=seeds)))
        if fit["n_parameters"]:
            facts.append(Fact(say("Parameters"), say.whole(fit["n_parameters"])))
        return facts

    @property
    def over_seeds(self) -> str:
        """Mean and standard deviation of accuracy over seeds; a dash for a model that was trained once."""
        accuracies = self.model.accuracies
        if len(accuracies) < 2:
            return "\N{EN DASH}"
        return f"{self.say.number(fmean(accuracies))} ± {self.say.number(stdev(accuracies))}"

    @property
    def hyperparameters(self) -> str:
        """Family and hyperparameters, in a line."""
        shown = [f"`{key}` {self._shown(value)}" for key, value in self.model.params.items()]
        return self.say("Family `{family}`: {values}.", family=self.fit["family"], values=", ".join(shown))

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
    def grid(self) -> list[Row]:
        """The pairs of a grid search, the best first."""
        return sorted(self.model.grid, key=lambda row: row["rank_test_score"])

    @property
    def grid_choice(self) -> str:
        """Which pair the search chose, and which one the notebook's did."""
        say, params = self.say, self.model.params
        text = say(
            "The best of {n} pairs has {n_components} components and {n_neighbors} neighbours.",
            n=say.whole(len(self.model.grid)),
            n_components=say.whole(params["n_components"]),
            n_neighbors=say.whole(params["n_neighbors"]),
        )
        if self.run.is_published:
            text += " " + say(
                "The notebook's search chose {n_components} and {n_neighbors}.", **published.BEST_PAIR
            )
        return text

    def _interval(self, name: str) -> str:
        low, high = map(self.say.number, self.metrics[name])
        return f"{low}\N{EN DASH}{high}"

    def _shown(self, value: Any) -> str:
        if isinstance(value, bool):
            return self.say("yes") if value else self.say("no")
        return str(value)
