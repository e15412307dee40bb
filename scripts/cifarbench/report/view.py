"""The report, as one HTML page that works offline and as Markdown, and the values that its templates show."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePosixPath
from statistics import fmean, stdev
from typing import Any

import numpy as np
import yaml
from markupsafe import Markup

from cifarbench.evaluation.grid_search import MAX_SHOWN, format_value, param_names, sort_by_rank
from cifarbench.evaluation.ranking_metric import read_metric
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.plots.confusion_matrix import select_classes
from cifarbench.report import reference_results
from cifarbench.report.ablation import (
    AUGMENTATION,
    OPTIONAL_TRAINING_PARAMS,
    TRAINING_PARAMS,
    ablation,
    largest_gain,
)
from cifarbench.report.audit import Audit
from cifarbench.report.checks import format_finding
from cifarbench.report.claims import check_claims
from cifarbench.report.explorer_links import explorer_link, link_cells
from cifarbench.report.figures import FigureStore, ReportFigure
from cifarbench.report.headline import METRIC_LABELS, best_of_other_families, headline_sentences, name_models
from cifarbench.report.results import ModelResult, Results
from cifarbench.report.templating import jinja_environment
from cifarbench.report.translation import Translator

# The first keys of a configuration that is shown; others follow.
CONFIGURATION_KEYS = ["dataset", "archive", "sha256", "seed", "seeds", "compare", "features", "models"]
# Figures that need probabilities.
OF_PROBABILITIES = ("reliability", "roc_pr")
DASH = "\N{EN DASH}"


class Report:
    """A run, ready for the templates."""

    reference = reference_results
    explorer_link = staticmethod(explorer_link)
    metric_labels = METRIC_LABELS

    def __init__(self, results: Results, say: Translator, settings: dict[str, Any]):
        self.results = results
        self.say = say
        self.settings = settings
        self.title = settings["report"].get("title")
        self.models = list(results.models.values())
        self._comparison = {row["model"]: row for row in read_csv(results.files["comparison.csv"])}
        self.figures = FigureStore(results.files, say)
        self.audit = Audit.read(results.files, results.dataset)
        self.headline = headline_sentences(results, say)
        self.checks = self._findings(results.checks)
        self.best_of_other_families = best_of_other_families(results)
        self.claims = check_claims(results)
        self.ablation = ablation(results)
        self.largest_gain = largest_gain(results, self.ablation)
        self.published = {name: reference_results.ACCURACY[name] for name in results.reference_models}
        self.n_seeds = max((len(model.every_seed) for model in self.models), default=0)
        self.robustness = self._optional("robustness.json")
        self.temperatures = {
            name: fitted
            for name, fitted in self._optional("temperature.json").items()
            if fitted["temperature"]
        }

    def _findings(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the first entry of each check in checks.json, in the report's language, with the number of others."""
        by_code: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            by_code.setdefault(entry["code"], []).append(entry)
        rows = []
        for code, (first, *others) in by_code.items():
            message, remedy = format_finding(self.say, code, first["values"])
            if others:
                more = self.say.plural("{n} more in checks.json.", "{n} more in checks.json.", len(others))
                message = f"{message} {more}"
            rows.append(first | {"message": message, "remedy": remedy})
        return rows

    def _optional(self, file: str) -> dict[str, dict[str, Any]]:
        """Read an optional file of each model that has it."""
        contents = {name: self.results.read_json(f"models/{name}/{file}") for name in self.results.models}
        return {name: content for name, content in contents.items() if content}

    @cached_property
    def metric_columns(self) -> dict[str, str]:
        """The metrics that the comparison's table can show besides accuracy, and their labels; the ranking's first."""
        names = sorted(
            (name for name in METRIC_LABELS if name != "accuracy"), key=lambda n: n != self.results.metric
        )
        return {name: self.say.term(METRIC_LABELS[name]) for name in names}

    def metric(self, model: ModelResult, name: str) -> float | None:
        """Return a metric of a model."""
        return read_metric(model.metrics, name)[0]

    def rank(self, model: ModelResult) -> tuple[int, int, int] | None:
        """Return a model's rank and the ends of its interval; None if unranked."""
        row = self._comparison.get(model.name, {})
        is_ranked = row.get("rank") is not None
        return (int(row["rank"]), row["rank_low"], row["rank_high"]) if is_ranked else None

    @cached_property
    def class_ratio(self) -> float:
        """The number of training images of the largest class over that of the smallest; 1 if it is unknown."""
        counts = [count for count in self.results.verdict.get("class_counts", []) if count]
        return max(counts) / min(counts) if counts else 1.0

    def other_best(self, metric: str) -> ModelResult | None:
        """Return the best model by another metric than that of the ranking if it is not the first one; or None."""
        best = max(self.results.ranking, key=lambda model: model.metrics[metric], default=None)
        return best if best and best is not self.results.ranking[0] else None

    @cached_property
    def table_groups(self) -> list[list[str]]:
        """The names of the models in the table: those of the ranking, with failed ones, and pretrained ones."""
        pretrained = [model.name for model in self.results.pretrained_models]
        ranked = [name for name in self.results.order if name not in pretrained]
        return [group for group in (ranked, pretrained) if group]

    @property
    def not_significant(self) -> list[tuple[ModelResult, list[ModelResult]]]:
        """Pairs without a significant difference, by their better model."""
        ranking = self.results.all_ranked
        pairs = [(model, self.results.equals(model, ranking[i + 1 :])) for i, model in enumerate(ranking)]
        return [(model, equals) for model, equals in pairs if equals]

    def mean_over_seeds(self, model: ModelResult) -> str:
        """Return mean and standard deviation of accuracy over seeds; a dash for a model trained once."""
        if not model.other_seeds:
            return DASH
        return f"{self.say.number(fmean(model.accuracies))} ± {self.say.number(stdev(model.accuracies))}"

    def names(self, models: list[ModelResult], accuracy: bool = False) -> str:
        """Return the names of models, also with their accuracies, as part of a sentence."""
        return name_models(self.say, models, accuracy)

    @property
    def trainings(self) -> list[tuple[list[ModelResult], dict[str, Any]]]:
        """The networks with their hyperparameters of training; those with equal ones together."""
        groups: dict[str, tuple[list[ModelResult], dict[str, Any]]] = {}
        for model in self.models:
            if model.history:
                params = {key: model.params.get(key) for key in (*TRAINING_PARAMS, *AUGMENTATION)}
                groups.setdefault(json.dumps(params), ([], params))[0].append(model)
        return list(groups.values())

    @property
    def mirrored(self) -> tuple[list[ModelResult], str]:
        """The networks that are trained with mirrored images; `tuned`, or the dataset's `hflip_safe`, decided it."""
        networks = [model for model in self.models if model.history]
        entry = self.settings["configuration"]["datasets"][self.results.dataset["dataset"]]
        tuned = any("flip" in model.tuned_params for model in networks)
        reason = "tuned" if tuned else str(entry.get("hflip_safe", "")).lower()
        return [model for model in networks if model.params.get("flip")], reason

    def optional_training_params(self, model: ModelResult) -> list[str]:
        """Return the hyperparameters of training that few models have, with their values."""
        return self.format_params(
            model, {name: model.params.get(name) for name in (*OPTIONAL_TRAINING_PARAMS, "cutout", "tta")}
        )

    def format_params(self, model: ModelResult, params: dict[str, Any]) -> list[str]:
        """Return hyperparameters with their values; those that are off are left out, tuned ones are marked."""
        flat: dict[str, Any] = {}
        for name, value in params.items():
            nested = value.items() if isinstance(value, dict) else ()
            flat |= {f"{name}.{key}": item for key, item in nested} or {name: value}
        return [
            f"`{name}` {format_value(value)}" + (self.say(" (tuned)") if name in model.tuned_params else "")
            for name, value in flat.items()
            if value is not None and (value not in (False, 0, "none") or name in model.tuned_params)
        ]

    def reference_curve(self, model: ModelResult) -> list[tuple[int, float, float]]:
        """Return (epoch, test accuracy in the reference notebook, test accuracy in this run) where both are known."""
        curve = reference_results.CURVES.get(model.name, {}) if self.published else {}
        measured = {int(row["epoch"]): row["test_accuracy"] for row in model.history}
        return [(epoch, accuracy, measured[epoch]) for epoch, accuracy in curve.items() if epoch in measured]

    def grid(self, model: ModelResult) -> tuple[dict[str, str], list[Row]]:
        """Return columns of cv_results.csv -> hyperparameters, and the best rows, at most MAX_SHOWN."""
        return param_names(model.grid), sort_by_rank(model.grid)[:MAX_SHOWN]

    def is_random_search(self, model: ModelResult) -> bool:
        """Return whether a model was tuned by a random search, and not by a grid."""
        return "space" in self.settings["configuration"]["models"].get(model.name, {}).get("tune", {})

    def best_params(self, model: ModelResult) -> list[str]:
        """Return the hyperparameters that the search selected, with their values."""
        columns, rows = self.grid(model)
        return [f"`{name}` {format_value(rows[0][column])}" for column, name in columns.items()]

    def same_settings(self, model: ModelResult) -> list[ModelResult]:
        """Return other models with the features and hyperparameters that a search selected for this one."""
        settings = (model.kind, model.features, model.params)
        return [
            other
            for other in self.models
            if other is not model and (other.kind, other.features, other.params) == settings
        ]

    def reference_params(self, model: ModelResult) -> list[str]:
        """Return the parameters that the reference notebook's search selected; empty if it searched other ones."""
        best = reference_results.BEST_PARAMS.get(model.name, {}) if self.published else {}
        columns = param_names(model.grid)
        return (
            [f"`{columns[name]}` {best[name]}" for name in columns] if best.keys() == columns.keys() else []
        )

    def figure(self, name: str, model: ModelResult | None = None) -> ReportFigure | None:
        """Return a figure of the comparison or of a model, if it exists and is meaningful for it."""
        hidden = name in OF_PROBABILITIES and model and not model.fit["has_probabilities"]
        return None if hidden else self.figures.find(f"figures/{model.name}" if model else "figures", name)

    def confusion_matrix(self, model: ModelResult) -> ReportFigure | None:
        """Return a model's confusion matrix, whose cells link to the explorer, if it exists."""
        figure = self.figure("confusion_matrix", model)
        matrix = np.array(model.metrics["confusion_matrix"])
        linked = figure and link_cells(str(figure.content), model.name, matrix, select_classes(matrix))
        return figure and replace(figure, content=Markup(linked))

    def confusion_link(self, model: str, pair: dict[str, Any]) -> str:
        """Return the link to the images of a confused pair of classes."""
        numbers = {name: number for number, name in enumerate(self.results.dataset["classes"])}
        classes = {"true": numbers.get(pair["true_class"]), "predicted": numbers.get(pair["predicted_class"])}
        return explorer_link(
            model=model, **{key: number for key, number in classes.items() if number is not None}
        )

    def only_right(self, model: str, others: list[str]) -> str:
        """Return the link to the images that one model classifies correctly and others do not."""
        return explorer_link(model=model, right=[model], wrong=[name for name in others if name != model])

    def figure_links(self, model: ModelResult) -> list[tuple[str, str]]:
        """Return path and caption of each of a model's figures."""
        return [
            (path, self.figures.captions[name])
            for path in self.figures.paths(f"figures/{model.name}")
            if (name := PurePosixPath(path).stem) not in OF_PROBABILITIES or model.fit["has_probabilities"]
        ]

    @cached_property
    def learned_filters(self) -> list[tuple[list[str], ReportFigure]]:
        """Figures of learned filters with the names of the models that share them."""
        groups: dict[str, tuple[list[str], ReportFigure]] = {}
        for model in self.models:
            if figure := self.figure("filters", model):
                groups.setdefault(figure.checksum, ([], figure))[0].append(model.name)
        return list(groups.values())

    @property
    def versions(self) -> dict[str, str]:
        """Versions of this package, and of Python and other packages as the models recorded them."""
        try:
            versions = {"cifarbench": {version("cifarbench")}}
        except PackageNotFoundError:
            versions = {}
        for model in self.models:
            for name, number in model.fit["versions"].items():
                versions.setdefault(name, set()).add(number)
        return {name: ", ".join(sorted(numbers)) for name, numbers in versions.items()}

    @property
    def processors(self) -> list[str]:
        """The processors and other devices on which models were fitted."""
        devices = {model.fit.get("processor") or model.fit["device"] for model in self.models}
        return sorted(devices - {None})

    @property
    def date(self) -> str:
        """The date, in UTC, of the newest model's file."""
        files = self.results.files.items()
        times = [file.stat().st_mtime for path, file in files if path.endswith("/fit.json")]
        return datetime.fromtimestamp(max(times), UTC).date().isoformat()

    @property
    def configuration(self) -> str:
        """The configuration of this run, ready for --configfile."""
        shown = self.settings["configuration"]
        ordered = {key: shown[key] for key in [*CONFIGURATION_KEYS, *shown] if key in shown}
        return yaml.safe_dump(
            ordered, sort_keys=False, allow_unicode=True, default_flow_style=None, width=90
        ).strip()


def render(results: Results, settings: dict[str, Any]) -> tuple[str, str]:
    """Return the report of a run as HTML and as Markdown.

    settings: `report` (`title`, `language`) and `configuration`, that of the run.
    """
    say = Translator(settings["report"].get("language", "en"))
    templates = jinja_environment(say)
    values = {"report": Report(results, say, settings), "results": results}
    html, markdown = (templates.get_template(f"report.{kind}.j2").render(values) for kind in ("html", "md"))
    return html, markdown
