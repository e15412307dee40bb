"""Helpers that replace numbers of a run."""

from dataclasses import dataclass, replace

from cifarbench.report.claims import Verdict, check_claims
from cifarbench.report.results import ModelResult, PairedComparison, Results
from cifarbench.report.templating import jinja_environment, line
from cifarbench.report.translation import Translator
from cifarbench.report.view import Report
from helpers import small_run

SAY = Translator("en")
WON, LOST, EVEN = (0.02, 0.04), (-0.04, -0.02), (-0.01, 0.012)


@dataclass(frozen=True)
class Finding:
    """A checked claim with its text."""

    name: str
    verdict: Verdict
    words: str


def findings(results: Results, say: Translator = SAY) -> dict[str, Finding]:
    """Check all claims and format them as text as the report does."""
    context = {"results": results, "report": Report(results, say, small_run.settings(say.code))}
    claims = jinja_environment(say).get_template("claims.j2").make_module(context)
    return {
        checked.name: Finding(checked.name, checked.evidence.verdict, line(claims.evidence(checked)))
        for checked in check_claims(results)
    }


def finding(results: Results, name: str) -> Finding:
    return findings(results)[name]


def on_cifar10(results: Results, official: bool = True) -> Results:
    """Return the run as if its images were those of the reference notebook."""
    archive = {**results.dataset["archive"], "official": official}
    about = {**results.dataset, "dataset": "cifar10", "type": "cifar10", "archive": archive}
    return replace(results, dataset=about)


def with_models(results: Results, *models: ModelResult) -> Results:
    return replace(results, models={**results.models, **{model.name: model for model in models}})


def with_fit(model: ModelResult, **values) -> ModelResult:
    return replace(model, fit={**model.fit, **values})


def with_accuracy(model: ModelResult, accuracy: float, half_width: float = 0.01) -> ModelResult:
    interval = [accuracy - half_width, accuracy + half_width]
    return replace(model, metrics={**model.metrics, "accuracy": accuracy, "accuracy_ci95": interval})


def with_history(model: ModelResult, **columns) -> ModelResult:
    """Return the model with some columns of its history replaced by functions of a row."""
    rows = [{**row, **{name: change(row) for name, change in columns.items()}} for row in model.history]
    return replace(model, history=rows)


def with_pair(
    results: Results, first: str, second: str, interval: tuple[float, float], p_value: float | None = None
) -> Results:
    """Return the run with another difference between two models."""
    low, high = interval
    p_value = p_value if p_value is not None else (0.0004 if low > 0 or high < 0 else 0.6)
    pair = PairedComparison(first, second, (low + high) / 2, low, high, p_value, p_value)
    others = [old for old in results.pairs if {old.first, old.second} != {first, second}]
    return replace(results, pairs=[*others, pair])


def subset(results: Results, names: tuple[str, ...]) -> Results:
    return replace(
        results,
        order=list(names),
        models={name: results.models[name] for name in names},
        pairs=[pair for pair in results.pairs if pair.first in names and pair.second in names],
    )
