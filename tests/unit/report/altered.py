"""A run with some of its numbers swapped."""

from dataclasses import replace

from cifarbench.report.conclusions import Statement, conclude
from cifarbench.report.language import Language
from cifarbench.report.results import Model, Pair, Run

SAY = Language("en")
WON, LOST, EVEN = (0.02, 0.04), (-0.04, -0.02), (-0.01, 0.012)


def finding(run: Run, name: str) -> Statement:
    return next(statement for statement in conclude(run, SAY) if statement.name == name)


def with_models(run: Run, *models: Model) -> Run:
    return replace(run, models={**run.models, **{model.name: model for model in models}})


def with_fit(model: Model, **values) -> Model:
    return replace(model, fit={**model.fit, **values})


def with_accuracy(model: Model, accuracy: float, half_width: float = 0.01) -> Model:
    interval = [accuracy - half_width, accuracy + half_width]
    return replace(model, metrics={**model.metrics, "accuracy": accuracy, "accuracy_ci95": interval})


def with_history(model: Model, **columns) -> Model:
    """The same model with some columns replaced by functions of a row."""
    rows = [{**row, **{name: change(row) for name, change in columns.items()}} for row in model.history]
    return replace(model, history=rows)


def with_pair(
    run: Run, first: str, second: str, interval: tuple[float, float], p_value: float | None = None
) -> Run:
    """The same run with another difference between two models."""
    low, high = interval
    p_value = p_value if p_value is not None else (0.0004 if low > 0 or high < 0 else 0.6)
    pair = Pair(first, second, (low + high) / 2, low, high, p_value, p_value)
    others = [old for old in run.pairs if {old.first, old.second} != {first, second}]
    return replace(run, pairs=[*others, pair])


def part(run: Run, names: tuple[str, ...]) -> Run:
    return replace(
        run,
        models={name: run.models[name] for name in names},
        pairs=[pair for pair in run.pairs if pair.first in names and pair.second in names],
    )
