"""Steps from raw pixels to the best model: pairs that differ in one respect, found by what models say of themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Any

from cifarbench.report.conclusions import subjects
from cifarbench.report.results import Model, Run

# Two models that differ in more beside what a step is about are too far apart for one.
MOST_BESIDES = 3
# What a convolutional network may have of a perceptron's parameters, at most, to be of about equal size.
EQUAL_SIZE = 1.1

AUGMENTATION = ("flips", "shifts", "test_flips")
# How a network is trained, and not what it is: what tuning is about.
COURSE = ("learning_rate", "momentum", "weight_decay", "schedule", "label_smoothing", "batch_size", "epochs")


class Respect(StrEnum):
    """What a step is about."""

    FEATURES = "features"
    CLASSIFIER = "classifier"
    TUNING = "tuning"
    CONVOLUTION = "convolution"
    AUGMENTATION = "augmentation"


@dataclass(frozen=True)
class Step:
    """From one model to another. besides: names of what else differs, hyperparameters or respects."""

    respect: Respect
    before: Model
    after: Model
    besides: tuple[str, ...]


def ladder(run: Run) -> list[Step]:
    """The steps that a run's models allow, by respect, then in the configuration's order.

    Of several models to start from, the one that differs in the least is taken, and of these the most accurate. Models
    whose features have seen other images take no part.
    """
    models = [model for model in run.models.values() if not model.pretrained]
    pairs = [(a, b) for a in models for b in models if a is not b]
    return [
        *_features(pairs),
        *_classifiers(models),
        *_best_start(Respect.TUNING, [(a, b) for a, b in pairs if b.tuned and not a.tuned and _same(a, b)]),
        *_convolution(pairs),
        *_best_start(
            Respect.AUGMENTATION,
            [(a, b) for a, b in pairs if augmented(b) and not augmented(a) and _same(a, b)],
        ),
    ]


def augmented(model: Model) -> bool:
    """Whether it was trained on images that were changed at random."""
    return any(model.params.get(name) for name in AUGMENTATION)


def _features(pairs: list[tuple[Model, Model]]) -> list[Step]:
    """Fewer features in a chain against more, at the same classifier: one step for each chain."""
    found = [
        (a, b)
        for a, b in pairs
        if _same_classifier(a, b)
        and len(a.features) < len(b.features)
        and _same_features(a, b, len(a.features))
    ]
    steps: dict[Any, Step] = {}
    for step in _best_start(Respect.FEATURES, found):
        after = step.after
        chain = (after.kind, after.params.get("estimator"), *(one["name"] for one in after.features))
        if chain not in steps or len(step.besides) < len(steps[chain].besides):
            steps[chain] = step
    return list(steps.values())


def _classifiers(models: list[Model]) -> Iterator[Step]:
    """On the same features, or on what is computed from them, the first kind of classifiers against each other kind."""
    kinds = list(dict.fromkeys(model.kind for model in models if model.kind != subjects.CONVOLUTIONS))
    bases = list(dict.fromkeys(_base(model) for model in models))
    for base in bases:
        of_base = [
            [model for model in models if (model.kind, _base(model)) == (kind, base)] for kind in kinds
        ]
        first, *others = [some for some in of_base if some] or [[]]
        for some in others:
            steps = [_step(Respect.CLASSIFIER, a, b) for a in first for b in some]
            yield min(
                steps,
                key=lambda step: (
                    Respect.FEATURES in step.besides,
                    len(step.besides),
                    -step.before.accuracy - step.after.accuracy,
                ),
            )


def _convolution(pairs: list[tuple[Model, Model]]) -> list[Step]:
    """A perceptron against a convolutional network of about as many parameters, if there is one of that size."""
    found = [(a, b) for a, b in pairs if (a.kind, b.kind) == (subjects.PERCEPTRONS, subjects.CONVOLUTIONS)]
    equal = [(a, b) for a, b in found if _n(b) <= EQUAL_SIZE * _n(a)]
    steps = [_step(Respect.CONVOLUTION, a, b) for a, b in equal or found]

    def rank(step: Step) -> tuple[Any, ...]:
        ratio = abs(log(_n(step.after) / _n(step.before)))
        return (len(step.besides), round(ratio, 2), -step.before.accuracy)

    return [min(steps, key=rank)] if steps else []


def _best_start(respect: Respect, pairs: list[tuple[Model, Model]]) -> Iterator[Step]:
    """For each model that a step leads to, the best model to start from, if one is near enough."""
    for after in dict.fromkeys(b.name for _, b in pairs):
        steps = [_step(respect, a, b) for a, b in pairs if b.name == after]
        near = [step for step in steps if len(step.besides) <= MOST_BESIDES]
        # From the longest chain of features that leads to this one.
        if near:
            yield min(
                near,
                key=lambda step: (-len(step.before.features), len(step.besides), -step.before.accuracy),
            )


def _step(respect: Respect, before: Model, after: Model) -> Step:
    return Step(respect, before, after, tuple(_besides(respect, before, after)))


def _besides(respect: Respect, a: Model, b: Model) -> Iterator[str]:
    """What differs that the step is not about."""
    chosen = _chosen(a) | _chosen(b)
    differing = [name for name in _names(a, b) if a.own_params.get(name) != b.own_params.get(name)]
    if respect is not Respect.FEATURES and not _same_chain(a, b):
        yield Respect.FEATURES.value
    if respect is not Respect.TUNING and a.tuned != b.tuned:
        yield Respect.TUNING.value
    if respect is not Respect.AUGMENTATION and augmented(a) != augmented(b):
        yield Respect.AUGMENTATION.value
    if respect is Respect.CONVOLUTION and _n(b) > EQUAL_SIZE * _n(a):
        yield "n_parameters"
    # Another classifier has other hyperparameters.
    if respect not in (Respect.CLASSIFIER, Respect.CONVOLUTION):
        left_out = {*chosen, *AUGMENTATION, *(COURSE if respect is Respect.TUNING else ())}
        yield from (name for name in differing if name not in left_out)


def _same(a: Model, b: Model) -> bool:
    return _same_classifier(a, b) and _same_chain(a, b)


def _same_classifier(a: Model, b: Model) -> bool:
    return all(_what(a, name) == _what(b, name) for name in ("kind", "estimator", "module"))


def _what(model: Model, name: str) -> Any:
    return model.kind if name == "kind" else model.params.get(name)


def _same_chain(a: Model, b: Model) -> bool:
    return len(a.features) == len(b.features) and _same_features(a, b, len(a.features))


def _same_features(a: Model, b: Model, length: int) -> bool:
    """Whether the first features of both are the same, but for what a search has chosen."""
    chosen = _chosen(a) | _chosen(b)

    def said(one: dict[str, Any]) -> Any:
        return one["kind"], {name: value for name, value in one["params"].items() if name not in chosen}

    return [said(one) for one in a.features[:length]] == [said(one) for one in b.features[:length]]


def _base(model: Model) -> str | None:
    """The features that are computed from pixels, on which all others of a model rest; None for pixels themselves."""
    return model.features[0]["name"] if model.features else None


def _chosen(model: Model) -> set[str]:
    """The hyperparameters that a grid search has chosen, by their own names."""
    columns = [name for name in (model.grid[0] if model.grid else {}) if name.startswith("param_")]
    return {column.removeprefix("param_").rpartition("__")[2] for column in columns}


def _names(a: Model, b: Model) -> Iterable[str]:
    return dict.fromkeys([*a.own_params, *b.own_params])


def _n(model: Model) -> int:
    return model.fit["n_parameters"]
