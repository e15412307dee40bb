"""The page of a comparison across datasets: one file that opens with no network."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from markupsafe import Markup

from cifarbench.io.csv_io import Row
from cifarbench.planning.variants import ALL_FACTORS, SHIFTED
from cifarbench.report import svg
from cifarbench.report.figures import ReportFigure
from cifarbench.report.language import SOURCE_LANGUAGE, Language
from cifarbench.report.page import TEMPLATES as REPORT_TEMPLATES
from cifarbench.report.page import environment
from cifarbench.suite import plots
from cifarbench.suite.results import BenchmarkResults
from cifarbench.suite.results_table import drop_failed, shifted_runs
from cifarbench.suite.summary_text import SummaryText, round_2sf

TEMPLATE_DIR = Path(__file__).parent / "templates"
LOCALE_DIR = Path(__file__).parent / "locale"
# In percent: how much of the accent is in the cell of the best model of a dataset.
MAX_SHADE = 42


class TableCell(NamedTuple):
    """One model on one dataset. strength: of its colour, 0 to STRONGEST. failure: why there is no accuracy."""

    text: str
    value: float | None
    shade: float
    is_best: bool = False
    error: str | None = None


def render(results: BenchmarkResults, figures: list[Path], settings: dict[str, Any]) -> str:
    """The page. figures: the drawings. settings: `language`, and `across`, what was asked for."""
    say = Language(settings["language"], LOCALE_DIR)
    templates = environment(TEMPLATE_DIR, REPORT_TEMPLATES)
    templates.globals["say"] = say
    view = BenchmarkReport(results, say, figures, settings["suite"])
    return templates.get_template("across.html.j2").render(view=view, results=results, find=view.findings)


class BenchmarkReport:
    """The page, piece by piece, in the words of one language."""

    def __init__(self, results: BenchmarkResults, say: Language, figures: list[Path], asked: dict[str, Any]):
        self.results = results
        self.say = say
        self.findings = SummaryText(results, say)
        self.asked = yaml.safe_dump({"suite": asked}, sort_keys=False, allow_unicode=True)
        self._figures = {path.stem: path for path in figures}

    @property
    def subtitle(self) -> str:
        """What was compared, in a sentence."""
        say = self.say
        # A failed run gave nothing, and for other test images nothing was run.
        rows = [one for one in drop_failed(self.results.runs) if one["varied"] != SHIFTED]
        return say(
            "{runs} of {models} on {datasets}; {splits} of training and test images. Every number and every finding "
            "here is computed from the files of these runs.",
            runs=say.plural("{n} run", "{n} runs", len(rows)),
            models=say.plural("{n} model", "{n} models", len(self.results.models)),
            datasets=say.plural("{n} dataset", "{n} datasets", len(self.results.datasets)),
            splits=say.plural("{n} split", "{n} splits", len({one["split"] for one in rows})),
        )

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The sections: anchor and heading."""
        say = self.say
        sections = {
            "summary": say("Summary"),
            "ranks": say("Over datasets"),
            "fronts": say("Accuracy and fitting time"),
            "sizes": say("How many images it takes"),
            "luck": say("What is luck"),
            "elsewhere": say("On other test images"),
            "method": say("Method"),
        }
        absent = {
            "ranks": len(self.results.datasets) < 2,
            "sizes": not self.results.curves,
            "luck": not self.results.variances,
            "elsewhere": not shifted_runs(self.results.runs),
        }
        return [(anchor, text) for anchor, text in sections.items() if not absent.get(anchor)]

    # ---- The summary ----

    @cached_property
    def headline(self) -> list[str]:
        """What comes out, in a few sentences."""
        find = self.findings
        sizes = find.crossover_sentences() if self.results.curves else []
        return [
            *find.best(),
            *([find.pairwise_test_text()] if len(self.results.datasets) > 1 else []),
            *sizes,
        ]

    @property
    def failures(self) -> list[str]:
        """Which runs failed, and why."""
        say = self.say
        return [
            say(
                "`{model}` on `{dataset}` failed{run}. {reason}",
                model=one["model"],
                dataset=one["dataset"],
                run=self.findings.run_suffix(one),
                reason=one["failure"],
            )
            for one in self.results.failed_models
        ]

    def cell(self, model: str, dataset: str) -> TableCell:
        """One cell of the heat map; colours go from a dataset's worst model to its best one."""
        say, one = self.say, self.results.by_model_and_dataset.get((model, dataset))
        if one is None:
            return TableCell(say("not run"), None, 0)
        if one["failure"] is not None:
            return TableCell(say("failed"), None, 0, error=one["failure"])
        column = [
            row["accuracy"]
            for (_, of), row in self.results.by_model_and_dataset.items()
            if of == dataset and row["accuracy"] is not None
        ]
        low, high = min(column), max(column)
        share = (one["accuracy"] - low) / (high - low) if high > low else 1.0
        return TableCell(
            say.number(one["accuracy"]), one["accuracy"], MAX_SHADE * share, one["accuracy"] == high
        )

    def format_rank(self, model: str, dataset: str) -> Row:
        """A row of the ranks; empty where the dataset has no result of the model."""
        found = [one for one in self.results.ranks if (one["model"], one["dataset"]) == (model, dataset)]
        return found[0] if found else {"accuracy": None, "rank": None}

    @property
    def extrapolations(self) -> list[tuple[str, str, Row, Row]]:
        """Dataset, model, its measured accuracy with all images, and what the power law says of it."""
        return [
            (dataset, model, one["points"][-1], one["law"])
            for dataset, curves in self.results.curves.items()
            for model, one in curves["models"].items()
        ]

    @property
    def method(self) -> list[str]:
        """How the numbers came about: those that there are."""
        say, found = self.say, self.results
        told = {
            say(
                "All runs were scored by the same code, and those of a dataset and split on the same test images: "
                "checksums stand with each score, and a row that differs in them is refused."
            ): True,
            say(
                "Split 0 is the dataset's own. Others divide training and test images anew, at random, so that each "
                "class has as many of each as before."
            ): any(one["split"] for one in found.runs),
            say(
                "Sizes are nested: the first images of one order in which every class stands in proportion. The "
                "largest size is all training images, the models' own runs."
            ): bool(found.curves),
            say(
                "Initial weights, the order of batches and the split are varied one at a time, the others held; then "
                "all at once, each split with a seed of its own. Who beats whom is told by these last runs, over which "
                "the interval is drawn (Bouthillier 2021, arXiv 2103.03098)."
            ): self._all_at_once,
            say(
                "Of initial weights, the order of batches and the split, one is varied at a time, and the others are "
                "held."
            ): bool(found.variances) and not self._all_at_once,
            say(
                "Over datasets, pairs of models are compared by Wilcoxon's signed-rank test with Holm's correction, "
                "and by the Bayesian signed-rank test with a region of practical equivalence of 0.01 (Benavoli 2017), "
                "from six datasets on."
            ): len(found.datasets) > 1,
        }
        return [sentence for sentence, holds in told.items() if holds]

    @property
    def _all_at_once(self) -> bool:
        """Whether some runs differ from a model's own in all that can differ."""
        return any(one["varied"] == ALL_FACTORS for one in self.results.runs)

    @property
    def win_rate_caption(self) -> str:
        """What stands in the table of who beats whom."""
        say = self.say
        if self._all_at_once:
            return say(
                "How likely the first model beats the second when all that can vary does: the split, and for models "
                "in which chance takes part a seed with it. The interval is over runs."
            )
        return say(
            "How likely the first model beats the second when the split varies, with one seed for all of them. The "
            "interval is over runs."
        )

    rounded = staticmethod(round_2sf)

    def format_interval(self, overtaking: Row, sizes: list[int]) -> str:
        """The interval of a number of images, which may begin below the smallest size, or end beyond the largest."""
        ends = {"low": f"<{self.say.whole(sizes[0])}", "high": f">{self.say.whole(sizes[-1])}"}
        for end in ends:
            if overtaking[end] is not None:
                ends[end] = self.say.whole(round_2sf(overtaking[end]))
        return " \N{EN DASH} ".join(ends.values())

    @property
    def shifted_test_sets(self) -> list[tuple[str, list[tuple[Row, Row]]]]:
        """Of each other test set, by name and dataset: each model's row there, and its own."""
        found: dict[str, list[tuple[Row, Row]]] = {}
        for one in shifted_runs(self.results.runs):
            own = self.results.by_model_and_dataset[one["model"], one["dataset"]]
            if one["failure"] is None and own["failure"] is None:
                found.setdefault(f"{one['test_set']} ({one['dataset']})", []).append((one, own))
        return list(found.items())

    # ---- Pictures ----

    def figure(self, name: str) -> ReportFigure:
        """A drawing as an element of the page."""
        path, captions = self._figures[name], self._captions
        label = None if self.say.code == SOURCE_LANGUAGE else captions[name]
        content = svg.inline(path.read_text(encoding="utf-8"), f"{name}-", label, self._words)
        return ReportFigure(captions[name], Markup(content), hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def _captions(self) -> dict[str, str]:
        say = self.say
        return {
            "fronts": say(
                "Accuracy against fitting time. No model beats the filled ones in both; a line joins them."
            ),
            "curves": say(
                "Accuracy against the number of training images, with 95% intervals over test images. Solid lines: "
                "networks. Open marks: what a power law foretells of twice as many, where it can be believed."
            ),
            "variances": say(
                "Standard deviation of accuracy when one source of chance is varied and the others are held, and when "
                "all are at once; lines are 95% intervals, cut off where they run out of the picture."
            ),
        }

    @property
    def _words(self) -> dict[str, str]:
        say = self.say
        sources = {
            "fit, seconds": say("fit, seconds"),
            "test accuracy": say("test accuracy"),
            "training images": say("training images"),
            "standard deviation, percentage points": say("standard deviation, percentage points"),
            "nothing to show": say("nothing to show"),
            **{words: self.findings.source_label(source) for source, words in plots.WORDS.items()},
        }
        return {source: text for source, text in sources.items() if source != text}
