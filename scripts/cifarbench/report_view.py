"""What the report says and shows of a run, piece by piece, for the templates to lay out."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

import yaml

from cifarbench import published
from cifarbench.conclusions import Statement, Verdict, conclude
from cifarbench.language import Language
from cifarbench.report_figures import Pictures
from cifarbench.results import Model, Run


@dataclass(frozen=True)
class Fact:
    """A figure of a model, with what it stands for and how sure it is."""

    name: str
    value: str
    note: str = ""


class Report:
    """What the templates show of a run."""

    def __init__(self, run: Run, say: Language, settings: dict[str, Any]):
        self.run = run
        self.say = say
        self.settings = settings
        self.pictures = Pictures(run, say)

    # ---- The page ----

    @property
    def title(self) -> str:
        """The configured title, or one that names the dataset."""
        return self.settings["report"].get("title") or self.say(
            "Classical classifiers and neural networks on {dataset}", dataset=self.dataset_name
        )

    @property
    def dataset_name(self) -> str:
        """The dataset's name, as it is written."""
        return {"cifar10": "CIFAR-10"}.get(self.run.dataset["dataset"], self.run.dataset["dataset"])

    @property
    def lede(self) -> str:
        """What was compared, in a sentence."""
        return self.say(
            "{models} models, trained on {n_train} images of {n_classes} classes and tested on {n_test} others. "
            "Every number and every finding on this page is computed from the files of one run.",
            models=len(self.run.models),
            n_train=self.say.whole(self.run.dataset["n_train"]),
            n_classes=len(self.run.dataset["classes"]),
            n_test=self.say.whole(self.run.dataset["n_test"]),
        )

    @property
    def contents(self) -> list[tuple[str, str]]:
        """The sections: anchor and heading."""
        say = self.say
        sections = [
            ("summary", say("Summary")),
            ("conclusions", say("Conclusions")),
            ("pairs", say("Paired differences")),
            ("cost", say("Cost")),
            ("models", say("Models")),
            ("method", say("Method")),
            ("data", say("Data")),
            ("again", say("Machine, configuration, and how to run it again")),
        ]
        return [section for section in sections if section[0] != "pairs" or self.run.pairs]

    # ---- Findings ----

    @cached_property
    def statements(self) -> list[Statement]:
        """The notebook's conclusions as this run's numbers have them."""
        return conclude(self.run, self.say)

    def verdict(self, statement: Statement) -> str:
        """A verdict in words, with a sign that needs no colour."""
        return {
            Verdict.BORNE_OUT: self.say("✓ Borne out"),
            Verdict.REVERSED: self.say("✗ The opposite"),
            Verdict.OPEN: self.say("? Can't be told"),
        }[statement.verdict]

    @property
    def undecided(self) -> list[str]:
        """Which models can't be told apart, each pair under its better half."""
        say, run = self.say, self.run
        sentences = []
        for place, model in enumerate(run.ranking):
            equals = [other for other in run.ranking[place + 1 :] if not run.pair(model, other).told_apart]
            if equals:
                sentences.append(
                    say(
                        "`{model}` can't be told apart from {others}.",
                        model=model.name,
                        others=say.listed([f"`{other.name}`" for other in equals]),
                    )
                )
        return sentences or [say("Every two models can be told apart.")]

    # ---- The comparison ----

    @property
    def comparison_caption(self) -> str:
        """What the numbers of the table are."""
        text = self.say(
            "Accuracy on the {n} test images with Wilson's 95% interval; guessing would be right in {chance}.",
            n=self.say.whole(self.run.dataset["n_test"]),
            chance=self.say.number(1 / len(self.run.dataset["classes"])),
        )
        if self.published:
            text += " " + self.say(
                "Published: the notebook's accuracy, from one unseeded run; a difference of {n} is agreement.",
                n=self.say.number(published.AGREEMENT, 2),
            )
        if len(self.seeds) > 1:
            text += " " + self.say(
                "Over seeds: mean and standard deviation of {n} trainings, which is luck of training and no part of "
                "the interval.",
                n=len(self.seeds),
            )
        return text

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest end of the accuracies' intervals."""
        bounds = [model.metrics["accuracy_ci95"] for model in self.run.models.values()]
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    @property
    def published(self) -> dict[str, float]:
        """The notebook's accuracies of this run's models; none for a dataset that it did not use."""
        if self.run.dataset["dataset"] != published.DATASET:
            return {}
        return {name: published.ACCURACY[name] for name in self.run.models if name in published.ACCURACY}

    @property
    def seeds(self) -> list[int]:
        """The seeds with which the networks were trained."""
        return max(
            ([one.fit["seed"] for one in model.every_seed] for model in self.run.models.values()), key=len
        )

    def over_seeds(self, model: Model) -> str:
        """Mean and standard deviation of accuracy over seeds; a dash for a model that has no seed."""
        if len(model.accuracies) < 2:
            return "–"
        return f"{self.say.number(fmean(model.accuracies))} ± {self.say.number(stdev(model.accuracies))}"

    def small(self, p_value: float) -> str:
        """A p-value as it stands in a table."""
        return f"< {self.say.number(0.001)}" if p_value < 0.001 else self.say.number(p_value)

    # ---- One model ----

    def facts(self, model: Model) -> Iterator[Fact]:
        """The figures of a model that one looks at first."""
        say, metrics = self.say, model.metrics
        yield Fact(say("Accuracy"), say.number(model.accuracy), self._between(metrics["accuracy_ci95"]))
        yield Fact(
            say("Macro F1"), say.number(metrics["macro"]["f1"]), self._between(metrics.get("macro_f1_ci95"))
        )
        if "top2_accuracy" in metrics:
            yield Fact(
                say("Top-2 accuracy"),
                say.number(metrics["top2_accuracy"]),
                say("right class among the likeliest two"),
            )
        if "expected_calibration_error" in metrics:
            yield Fact(
                say("Calibration error"),
                say.number(metrics["expected_calibration_error"]),
                say("confidence off by so much on average"),
            )
        yield Fact(say("Fit"), say.seconds(model.fit["fit_seconds"]))
        yield Fact(say("Prediction"), say.seconds(model.fit["predict_seconds"]))

    def hyperparameters(self, model: Model) -> str:
        """The hyperparameters, in a line."""
        shown = ", ".join(f"`{key}` {self._shown(value)}" for key, value in model.params.items())
        return self.say(
            "Family `{family}`: {hyperparameters}.", family=model.fit["family"], hyperparameters=shown
        )

    def best_classes(self, model: Model, kind: str) -> str:
        """The three best classes by precision, recall or F1, with their values."""
        say = self.say
        label = {
            "precision": "Best by precision: {classes}.",
            "recall": "Best by recall: {classes}.",
            "f1": "Best by F1: {classes}.",
        }[kind]
        classes = [
            f"{name} {say.number(model.metrics['per_class'][name][kind])}"
            for name in model.metrics["top3"][kind]
        ]
        return say(label, classes=", ".join(classes))

    def _between(self, interval: list[float] | None) -> str:
        if not interval:
            return ""
        low, high = map(self.say.number, interval)
        return self.say("{low} to {high}", low=low, high=high)

    def _shown(self, value: Any) -> str:
        if isinstance(value, bool):
            return self.say("yes") if value else self.say("no")
        return self.say.significant(value) if isinstance(value, float) else str(value)

    # ---- Method, data, machine ----

    @property
    def method(self) -> list[str]:
        """How the numbers of this run were made."""
        say, run = self.say, self.run
        paragraphs = [
            say(
                "Every model is fitted to the training images alone and predicts the test images once. Accuracy has "
                "Wilson's 95% interval, macro F1 one by bootstrap over test images."
            )
        ]
        if run.pairs:
            paragraphs.append(
                say(
                    "Two models are compared on the same test images: the difference with a paired bootstrap's 95% "
                    "interval, and McNemar's exact test, with Holm's correction over all pairs (Dietterich 1998: for "
                    "algorithms that were run once, McNemar's is a test with an acceptable rate of false alarms)."
                )
            )
        if run.networks:
            paragraphs.append(
                say(
                    "Networks learn by plain SGD on cross-entropy; a network's training figures are averages over the "
                    "epoch's batches as they were trained, with dropout on, its test figures are taken with dropout "
                    "off. No epoch is chosen by its test figures: the last one counts."
                )
            )
        if any(model.grid for model in run.models.values()):
            paragraphs.append(
                say(
                    "Grid searches see stratified folds of the training images only; the best pair is fitted again to "
                    "all of them."
                )
            )
        return paragraphs

    @property
    def data_line(self) -> str:
        """Where the images come from, and whether that is the official archive."""
        say, archive = self.say, self.run.dataset["archive"]
        line = say(
            "{dataset}: {n_train} training and {n_test} test images, read from {source} ({size}).",
            dataset=self.dataset_name,
            n_train=say.whole(self.run.dataset["n_train"]),
            n_test=say.whole(self.run.dataset["n_test"]),
            source=f"`{archive['source']}`",
            size=say.megabytes(archive["bytes"] / 1e6),
        )
        verdict = {
            True: say("It is the official archive."),
            False: say("It is not the official archive."),
            None: say("There is no official archive to hold it against."),
        }[archive["official"]]
        return f"{line} {verdict}"

    @property
    def versions(self) -> dict[str, str]:
        """What the models were computed with: devices, and versions of Python and of the packages."""
        fits = [model.fit for model in self.run.models.values()]
        found: dict[str, list[str]] = {self.say("Device"): []}
        for fit in fits:
            for name, value in {self.say("Device"): fit["device"], **fit["versions"]}.items():
                values = found.setdefault(name, [])
                if value not in values:
                    values.append(value)
        return {name: ", ".join(values) for name, values in found.items()}

    @property
    def configuration(self) -> str:
        """The configuration of this run, ready for --configfile."""
        return yaml.safe_dump(self.settings["configuration"], sort_keys=False, allow_unicode=True).strip()

    @property
    def answer(self) -> list[str]:
        """The run in a few sentences: the best model and its equals, the best of the other kind, the quickest."""
        say, run = self.say, self.run
        best = run.ranking[0]
        low, high = best.metrics["accuracy_ci95"]
        equals = [model for model in run.ranking[1:] if not run.pair(best, model).told_apart]
        sentences = [
            say(
                "`{model}` is the most accurate of {n} models: {accuracy} (95% interval {low} to {high}).",
                model=best.name,
                n=len(run.models),
                accuracy=say.number(best.accuracy),
                low=say.number(low),
                high=say.number(high),
            )
        ]
        if len(run.models) > 1:
            sentences.append(
                say(
                    "It can't be told apart from {models}.",
                    models=say.listed([f"`{model.name}` ({say.number(model.accuracy)})" for model in equals]),
                )
                if equals
                else say("It can be told apart from every other.")
            )
        other = next((model for model in run.ranking if model.is_network != best.is_network), None)
        if other and other not in equals:
            pair = run.pair(best, other)
            sentences.append(
                say(
                    "The best of the other kind, `{model}`, is {difference} below it ({low} to {high}).",
                    model=other.name,
                    difference=say.number(pair.difference),
                    low=say.number(pair.low),
                    high=say.number(pair.high),
                )
            )
        quickest = min(run.models.values(), key=lambda model: model.fit["predict_seconds"])
        sentences.append(
            say(
                "`{model}` predicts fastest: {seconds} for {n} images.",
                model=quickest.name,
                seconds=say.seconds(quickest.fit["predict_seconds"]),
                n=say.whole(run.dataset["n_test"]),
            )
        )
        return sentences
