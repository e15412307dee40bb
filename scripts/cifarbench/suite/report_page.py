"""The page of a comparison across datasets: one file that opens without a network."""

from functools import cached_property
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import yaml

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, drop_failed, read_csv
from cifarbench.planning.variants import ALL_FACTORS, SHIFTED
from cifarbench.report.figures import ReportFigure, svg_figure
from cifarbench.report.templating import TEMPLATES as REPORT_TEMPLATES
from cifarbench.report.templating import environment
from cifarbench.report.translation import Translator
from cifarbench.suite import variance
from cifarbench.suite.plots import FACTOR_LABELS, SVG_LABELS
from cifarbench.suite.ranks import SIGNIFICANCE_LEVEL, min_datasets
from cifarbench.suite.results_table import reference_runs, shifted_runs

TEMPLATE_DIR = Path(__file__).parent / "templates"
LOCALE_DIR = Path(__file__).parent / "locale"
# In percent: how much of the accent colour is in the cell of the best model of a dataset.
MAX_SHADE = 42


class OrderAgreement(NamedTuple):
    """The number of pairs of models, and of those that are in the same order everywhere."""

    n_same: int
    n_pairs: int

    @classmethod
    def from_accuracies(cls, accuracies: list[list[float]]) -> "OrderAgreement":
        """Compare all pairs of models. accuracies: of each model, on the same test sets."""
        signs = [set(np.sign(np.subtract(a, b)).tolist()) for a, b in combinations(accuracies, 2)]
        return cls(sum(len(distinct) == 1 for distinct in signs), len(signs))


def render(settings: dict[str, Any], tables: dict[str, Path], curves: list[Path], figures: list[Path]) -> str:
    """Return the page in HTML.

    settings: `datasets`, `models`, `with_curves` (the datasets of `curves`, in their order), `language`, and `suite`,
    that section of the configuration. tables: `runs`, `ranks`, `tests`, `variances` and `pairs`.
    """
    say = Translator(settings["language"], LOCALE_DIR)
    templates = environment(TEMPLATE_DIR, REPORT_TEMPLATES)
    view = SuiteReport(
        settings, {name: read_csv(path) for name, path in tables.items()}, curves, figures, say
    )
    templates.globals |= {"say": say, "plural": say.plural, "view": view}
    templates.filters["round_2sf"] = round_2sf
    return templates.get_template("suite.html.j2").render()


class SuiteReport:
    """A comparison across datasets, read from its files, ready for the templates."""

    factor_labels = FACTOR_LABELS
    min_datasets = staticmethod(min_datasets)
    significance_level = SIGNIFICANCE_LEVEL
    min_pairs = variance.MIN_PAIRS
    recommended_pairs = variance.RECOMMENDED_PAIRS
    meaningful_probability = variance.MEANINGFUL_PROBABILITY

    def __init__(
        self,
        settings: dict[str, Any],
        tables: dict[str, list[Row]],
        curves: list[Path],
        figures: list[Path],
        say: Translator,
    ):
        self.datasets: list[str] = settings["datasets"]
        self.models: list[str] = settings["models"]
        self.runs, self.tests = tables["runs"], tables["tests"]
        self.variances, self.pairs = tables["variances"], tables["pairs"]
        self.curves: dict[str, dict[str, Any]] = dict(
            zip(settings["with_curves"], map(read_json, curves), strict=True)
        )
        self.configuration = yaml.safe_dump({"suite": settings["suite"]}, sort_keys=False, allow_unicode=True)
        self._ranks = {(row["model"], row["dataset"]): row for row in tables["ranks"]}
        self._figures = {path.stem: path for path in figures}
        self._say = say

    @property
    def sections(self) -> dict[str, str]:
        """The sections: anchor -> heading."""
        say = self._say
        sections = {
            "summary": (say("Summary"), True),
            "ranks": (say("Across datasets"), len(self.datasets) > 1),
            "pareto": (say("Accuracy vs. fit time"), True),
            "learning_curves": (say("Learning curves"), self.curves),
            "variance": (say("Variance across seeds and splits"), self.variances),
            "shifted": (say("Shifted test sets"), shifted_runs(self.runs)),
            "method": (say("Method"), True),
        }
        return {anchor: heading for anchor, (heading, has_content) in sections.items() if has_content}

    @property
    def own_runs(self) -> list[Row]:
        """The runs that did not fail, without evaluations on shifted test sets."""
        return [row for row in drop_failed(self.runs) if row["varied_factor"] != SHIFTED]

    @cached_property
    def reference_runs(self) -> dict[tuple[str, str], Row]:
        """The reference run, failed or not, by model and dataset."""
        return {(row["model"], row["dataset"]): row for row in reference_runs(self.runs)}

    @property
    def all_factors_varied(self) -> bool:
        """Whether some runs differ from a reference run in all factors."""
        return any(row["varied_factor"] == ALL_FACTORS for row in self.runs)

    def _accuracies(self, dataset: str) -> dict[str, float]:
        """Return the accuracy of each model's reference run on a dataset."""
        runs = drop_failed([run for (_, name), run in self.reference_runs.items() if name == dataset])
        return {run["model"]: run["accuracy"] for run in runs}

    @cached_property
    def best_models(self) -> dict[str, tuple[str, ...]]:
        """Dataset -> its most accurate models: several if they are equal."""
        columns = {dataset: self._accuracies(dataset) for dataset in self.datasets}
        return {
            dataset: tuple(model for model, value in column.items() if value == max(column.values()))
            for dataset, column in columns.items()
            if column
        }

    @property
    def datasets_by_best_models(self) -> dict[tuple[str, ...], list[str]]:
        """The most accurate models -> the datasets on which they are."""
        datasets: dict[tuple[str, ...], list[str]] = {}
        for dataset, models in self.best_models.items():
            datasets.setdefault(models, []).append(dataset)
        return datasets

    def shade(self, run: Row) -> float:
        """Return the shade of a run's cell in percent: from 0 for a dataset's worst model to MAX_SHADE for its best."""
        column = self._accuracies(run["dataset"]).values()
        low, high = min(column), max(column)
        return MAX_SHADE * ((run["accuracy"] - low) / (high - low) if high > low else 1)

    @cached_property
    def mean_ranks(self) -> dict[str, float]:
        """Model -> mean rank, the best first, of the models that have a result on all datasets."""
        ranks = {
            row["model"]: row["mean_rank"] for row in self._ranks.values() if row["mean_rank"] is not None
        }
        return dict(sorted(ranks.items(), key=lambda item: item[1]))

    def rank(self, model: str, dataset: str) -> float | None:
        """Return the rank of a model on a dataset."""
        return self._ranks[model, dataset]["rank"]

    @property
    def order_agreement(self) -> OrderAgreement:
        """The pairs of ranked models that are in the same order on all datasets, by mean accuracy over splits."""
        return OrderAgreement.from_accuracies(
            [[self._ranks[model, name]["accuracy"] for name in self.datasets] for model in self.mean_ranks]
        )

    def median_stds(self, dataset: str) -> dict[str, float]:
        """Return, by varied factor, the median over models of the standard deviation of accuracy."""
        rows = [row for row in self.variances if row["dataset"] == dataset]
        stds = {
            name: [row["accuracy_std"] for row in rows if row["factor"] == name] for name in FACTOR_LABELS
        }
        return {name: median(values) for name, values in stds.items() if values}

    def best_network_and_other(self, dataset: str) -> tuple[str, str] | None:
        """Return the best model that is trained in epochs and the best other one, the more accurate of them first."""
        iterative = {run["model"] for run in drop_failed(self.runs) if run["is_iterative"]}
        curves = self.curves[dataset]["models"].items()
        accuracy = {model: curve["points"][-1]["accuracy"] for model, curve in curves}
        groups = [[model for model in accuracy if (model in iterative) == wanted] for wanted in (True, False)]
        if not all(groups):
            return None
        best = (max(group, key=accuracy.__getitem__) for group in groups)
        first, second = sorted(best, key=accuracy.__getitem__, reverse=True)
        return first, second

    @property
    def shifted_test_sets(self) -> dict[str, list[tuple[Row, Row]]]:
        """Test set with its dataset -> for each model, the run on it and the reference run."""
        sets: dict[str, list[tuple[Row, Row]]] = {}
        for run in shifted_runs(self.runs):
            reference = self.reference_runs[run["model"], run["dataset"]]
            if run["error"] is None and reference["error"] is None:
                sets.setdefault(f"{run['test_set']} ({run['dataset']})", []).append((run, reference))
        return sets

    @staticmethod
    def order_under_shift(pairs: list[tuple[Row, Row]]) -> OrderAgreement:
        """Return how many pairs of models have the same order on a shifted test set as on their own."""
        return OrderAgreement.from_accuracies([[row["accuracy"] for row in pair] for pair in pairs])

    def figure(self, name: str) -> ReportFigure:
        """Return a figure as an element of the page."""
        say = self._say
        captions = {
            "pareto": say(
                "Accuracy against fit time. Filled marks, joined by a line, are Pareto-optimal: no model beats them in "
                "both."
            ),
            "learning_curves": say(
                "Accuracy against the number of training images, with 95% intervals over test images. Solid lines: "
                "networks. Open marks: power-law predictions for twice as many images, where they are reliable."
            ),
            "variances": say(
                "Standard deviation of accuracy when one factor is varied, and when all are; lines are 95% intervals, "
                "clipped at the edge of the plot. That of the test images is the binomial one of a single run; "
                "another split has other test images, too."
            ),
        }
        return svg_figure(self._figures[name], f"{name}-", captions[name], captions[name], SVG_LABELS, say)


def round_2sf(size: float) -> int:
    """Return a number of images rounded to two significant figures."""
    return int(float(f"{size:.1e}"))
