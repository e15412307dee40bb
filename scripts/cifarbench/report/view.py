"""What the report says and shows of a run, for the templates to lay out."""

from functools import cached_property
from typing import Any

import yaml

from cifarbench.report import failures, published
from cifarbench.report.answer import answer
from cifarbench.report.audit import Audit, excluded_sentence
from cifarbench.report.conclusions import Statement, Verdict, conclude
from cifarbench.report.language import Language
from cifarbench.report.model_view import FailedView, ModelView
from cifarbench.report.pictures import Figure, Pictures
from cifarbench.report.results import Run
from cifarbench.report.robustness import Robustness
from cifarbench.report.steps import StepView, steps, summary
from cifarbench.study.files import read_json

# The keys of a configuration, in the order in which one reads them; others follow.
KEYS = ["dataset", "archive", "sha256", "seed", "seeds", "compare", "features", "models"]
DATASET_NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "fashion_mnist": "Fashion-MNIST"}


class Report:
    """A run, piece by piece, in the words of one language."""

    def __init__(self, run: Run, say: Language, settings: dict[str, Any]):
        self.run = run
        self.say = say
        self.settings = settings
        self.pictures = Pictures(run, say)
        views = {name: ModelView(model, run, say, self.pictures) for name, model in run.models.items()}
        views |= {name: FailedView(name, run, say) for name in run.failed}
        # In the configuration's order; then those alone that did not fail.
        self.rows = [views[name] for name in run.order if name in views]
        self.models = [view for view in self.rows if not view.failure]

    # ---- The page ----

    @property
    def title(self) -> str:
        """The configured title, or one that names the dataset."""
        return self.settings["report"].get("title") or self.say(
            "Classical classifiers and neural networks on {dataset}", dataset=self.dataset
        )

    @property
    def dataset(self) -> str:
        """The dataset's name, as it is written."""
        names = {**DATASET_NAMES, "digits": self.say("handwritten digits")}
        return names.get(self.run.dataset["dataset"], self.run.dataset["dataset"])

    @property
    def lede(self) -> str:
        """What was compared, in two sentences."""
        say, dataset = self.say, self.run.dataset
        models = say.plural("{n} model", "{n} models", len(self.rows))
        return say(
            "{models}, trained on {n_train} images of {n_classes} classes and tested on {n_test} others. "
            "Every "
            "number and every finding here is computed from the files of this one run.",
            models=models,
            n_train=say.whole(dataset["n_train"]),
            n_classes=say.whole(len(dataset["classes"])),
            n_test=say.whole(dataset["n_test"]),
        )

    @property
    def contents(self) -> list[tuple[str, str]]:
        """The sections: anchor, which is also the template's name, and heading."""
        say = self.say
        sections = {
            "summary": say("Summary"),
            "conclusions": say("Conclusions"),
            "ladder": say("What each step was worth"),
            "pairs": say("Paired differences"),
            "cost": say("Cost"),
            "agreement": say("Where the models agree"),
            "learned": say("What the models look for"),
            "doubt": say("What the models know of their doubt"),
            "robustness": say("On worse images"),
            "audit": say("The images themselves"),
            "models": say("Models"),
            "method": say("Method"),
            "data": say("Data"),
            "machine": say("Machine and versions"),
            "again": say("Configuration, and how to run it again"),
        }
        absent = {
            "conclusions": not self.statements,
            "audit": not self.audit,
            "doubt": not self.doubting,
            "robustness": not self.robustness.found,
            "ladder": not self.steps,
            "learned": not self.learned,
            "pairs": not self.run.pairs,
            "cost": not self.models,
            "method": not self.models,
            "machine": not self.models,
            "agreement": len(self.models) < 2 or not self.run.agreement,
        }
        return [(anchor, text) for anchor, text in sections.items() if not absent.get(anchor)]

    # ---- Findings ----

    @property
    def failures(self) -> list[str]:
        """Which models and which further seeds failed, and why."""
        seeds = self.run.failed_seeds
        return [
            *(view.failure for view in self.rows if view.failure),
            *(failures.of_seed(self.say, run, failure) for run, failure in seeds.items()),
        ]

    @property
    def excluded(self) -> list[str]:
        """What was left out of the images, since somebody asked for it."""
        excluded = self.run.dataset.get("excluded")
        return [excluded_sentence(self.say, excluded)] if excluded else []

    @property
    def doubting(self) -> list[ModelView]:
        """The models that say how sure they are."""
        return [view for view in self.models if view.metrics.get("selective")]

    @cached_property
    def temperatures(self) -> dict[str, dict[str, Any]]:
        """The temperatures of models, as far as they were asked for."""
        paths = {view.name: f"models/{view.name}/temperature.json" for view in self.doubting}
        found = {
            name: read_json(self.run.files[path]) for name, path in paths.items() if path in self.run.files
        }
        return {name: one for name, one in found.items() if one["temperature"]}

    @cached_property
    def robustness(self) -> Robustness:
        """What the models are worth on corrupted images, as far as they were asked."""
        return Robustness(self.run, self.say)

    @cached_property
    def audit(self) -> Audit | None:
        """What was found about the images themselves; None if nobody looked."""
        return Audit.read(self.run.files, self.run.dataset, self.say)

    @cached_property
    def answer(self) -> list[str]:
        """What comes out, in a few sentences."""
        return answer(self.run, self.say)

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
    def tally(self) -> str:
        """How many of the notebook's conclusions fared how."""
        say = self.say
        found = [statement.verdict for statement in self.statements]
        return say(
            "Of {n} conclusions that this run's models allow, {borne_out} are borne out, of {reversed} the "
            "opposite holds, and {open} can't be told.",
            n=len(found),
            borne_out=found.count(Verdict.BORNE_OUT),
            reversed=found.count(Verdict.REVERSED),
            open=found.count(Verdict.OPEN),
        )

    @property
    def undecided(self) -> list[str]:
        """Which models can't be told apart, each pair under its better half."""
        say, run = self.say, self.run
        if not any(pair.told_apart for pair in run.pairs):
            return [say("No two models can be told apart.")]
        sentences = []
        for place, model in enumerate(run.everyone):
            equals = [other for other in run.everyone[place + 1 :] if not run.pair(model, other).told_apart]
            if equals:
                names = say.listed([f"`{other.name}`" for other in equals])
                sentences.append(
                    say("`{model}` can't be told apart from {others}.", model=model.name, others=names)
                )
        return sentences or [say("Every two models can be told apart.")]

    @cached_property
    def steps(self) -> list[StepView]:
        """The steps from raw pixels to the best model."""
        return steps(self.run, self.say)

    @property
    def steps_in_short(self) -> list[str]:
        """Where they lead, and which is worth most."""
        return summary(self.run, self.say, self.steps)

    @cached_property
    def learned(self) -> list[tuple[list[str], Figure]]:
        """What models look for in images, a picture for all that share it, with their names."""
        found: dict[str, tuple[list[str], Figure]] = {}
        for view in self.models:
            if figure := self.pictures.find(f"figures/{view.name}", "filters"):
                names, _ = found.setdefault(figure.source, ([], figure))
                names.append(view.name)
        return list(found.values())

    # ---- The comparison ----

    @property
    def groups(self) -> list[tuple[str, list[ModelView | FailedView]]]:
        """The rows of the table, in parts with a heading each: those that are compared, and those that stand apart."""
        apart = {model.name for model in self.run.apart}
        own = [view for view in self.rows if view.name not in apart]
        others = [view for view in self.rows if view.name in apart]
        return [("", own), *([(self.say("Features that have seen other images"), others)] if others else [])]

    @property
    def table(self) -> list[ModelView | FailedView]:
        """All rows, group after group."""
        return [view for _, views in self.groups for view in views]

    @property
    def comparison_caption(self) -> str:
        """What the numbers of the table are."""
        say = self.say
        sentences = [
            say(
                "Accuracy on {n} test images with Wilson's 95% interval; guessing would give {chance}.",
                n=say.whole(self.run.dataset["n_test"]),
                chance=say.number(1 / len(self.run.dataset["classes"])),
            )
        ]
        if self.published:
            sentences.append(
                say(
                    "Published: the notebook's, with its hyperparameters and no seed; a difference of {n} "
                    "is agreement.",
                    n=say.number(published.AGREEMENT, 2),
                )
            )
        if self.run.apart:
            names = say.listed([f"`{model.name}`" for model in self.run.apart])
            sentences.append(
                say(
                    "Apart from the others, since their features have seen other images: {models}.",
                    models=names,
                )
            )
        if self.n_seeds > 1:
            sentences.append(
                say(
                    "Over seeds: mean and standard deviation of {n} trainings. That is the luck of "
                    "training, and "
                    "no part of the interval, which is the luck of the test images.",
                    n=self.n_seeds,
                )
            )
        return " ".join(sentences)

    @property
    def published(self) -> dict[str, float]:
        """The notebook's accuracies of this run's models; none for a dataset that it did not use."""
        if not self.run.is_published:
            return {}
        return {name: published.ACCURACY[name] for name in self.run.models if name in published.ACCURACY}

    @property
    def n_seeds(self) -> int:
        """With how many seeds a model was trained, at most."""
        return max((len(model.every_seed) for model in self.run.models.values()), default=0)

    def small(self, p_value: float) -> str:
        """A p-value as it stands in a table."""
        return f"< {self.say.number(0.001)}" if p_value < 0.001 else self.say.number(p_value)

    # ---- Data and machine ----

    @property
    def data(self) -> str:
        """Where the images come from, and whether that is the official archive."""
        say, archive = self.say, self.run.dataset["archive"]
        line = say(
            "{dataset}: {n_train} training and {n_test} test images of {shape} values, from {source} "
            "({size}).",
            dataset=self.dataset,
            n_train=say.whole(self.run.dataset["n_train"]),
            n_test=say.whole(self.run.dataset["n_test"]),
            shape=" \N{MULTIPLICATION SIGN} ".join(map(str, self.run.dataset["image_shape"])),
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
        """Versions of Python and of the packages, as the models recorded them."""
        found: dict[str, set[str]] = {}
        for model in self.run.models.values():
            for name, version in model.fit["versions"].items():
                found.setdefault(name, set()).add(version)
        return {name: ", ".join(sorted(versions)) for name, versions in found.items()}

    @property
    def configuration(self) -> str:
        """The configuration of this run, ready for --configfile."""
        shown = self.settings["configuration"]
        ordered = {key: shown[key] for key in sorted(shown, key=_place)}
        return yaml.safe_dump(
            ordered, sort_keys=False, allow_unicode=True, default_flow_style=None, width=90
        ).strip()


def _place(key: str) -> int:
    return KEYS.index(key) if key in KEYS else len(KEYS)
