"""Ablation: pairs of models that differ in one factor, selected by their properties."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import log
from typing import Any

from cifarbench.report import selectors
from cifarbench.report.results import ModelResult, PairedComparison, Results

# Two models with more other differences than this are not compared.
MAX_CONFOUNDERS = 3
# A convolutional network is of equal size with up to this share of a perceptron's parameters.
SIZE_RATIO = 1.1

REGULARIZATION = {"batch_norm", "dropout"}
AUGMENTATION = ("flip", "translate", "tta_flip", "tta", "cutout", "transform", "transform_params")
# Hyperparameters of the training that fit.json has only for models that set them.
OPTIONAL_TRAINING_PARAMS = (
    "optimizer",
    "optimizer_params",
    "schedule_params",
    "grad_clip",
    "ema",
    "class_weight",
    "precision",
    "early_stopping",
)
# Hyperparameters of the training, which tuning may change.
TRAINING_PARAMS = (
    "learning_rate",
    "momentum",
    "weight_decay",
    "schedule",
    "label_smoothing",
    "batch_size",
    "epochs",
    *OPTIONAL_TRAINING_PARAMS,
)


class Factor(StrEnum):
    """What differs between the two models of a row."""

    FEATURES = "features"
    CLASSIFIER = "classifier"
    REGULARIZATION = "regularization"
    TUNING = "tuning"
    CONVOLUTION = "convolution"
    AUGMENTATION = "augmentation"


@dataclass(frozen=True)
class AblationRow:
    """Two models. factor: also the name of a hyperparameter. confounders: names of other differences, likewise."""

    factor: Factor | str
    before: ModelResult
    after: ModelResult
    confounders: tuple[str, ...]


def ablation(results: Results) -> list[AblationRow]:
    """Return the rows that a run's models allow, by factor, then in the configuration's order.

    Of several first models, the one with the longest feature pipeline is selected, then the fewest confounders, then
    the highest accuracy. Models with pretrained features, and predictions from files, are left out.
    """
    models = [model for model in results.models.values() if not model.pretrained and model.is_fitted]
    pairs = [(a, b) for a in models for b in models if a is not b]
    same = [(a, b) for a, b in pairs if _same_classifier(a, b) and _same_features(a, b)]
    longer = [
        (a, b)
        for a, b in pairs
        if _same_classifier(a, b)
        and len(a.features) < len(b.features)
        and _same_features(a, b, len(a.features))
    ]
    # Models are in the configuration's order, so each pair is compared once.
    ordered = list(combinations(models, 2))
    variants = [(a, b) for a, b in ordered if _same_classifier(a, b) and _is_feature_variant(a, b)]
    regularized = [
        (a, b)
        for a, b in ordered
        if (a, b) in same and any(a.params.get(name) != b.params.get(name) for name in REGULARIZATION)
    ]
    return [
        *_best(Factor.FEATURES, longer + variants, _pipeline_names),
        *_best(Factor.CLASSIFIER, _classifier_pairs(models), lambda after: (_base(after), after.kind)),
        *_best(Factor.REGULARIZATION, regularized),
        *_best(Factor.TUNING, [(a, b) for a, b in same if b.tuned and not a.tuned]),
        *_best(Factor.CONVOLUTION, _convolution_pairs(pairs), lambda after: after.kind),
        *_best(Factor.AUGMENTATION, [(a, b) for a, b in same if is_augmented(b) and not is_augmented(a)]),
        *_single_hyperparameters([(a, b) for a, b in ordered if (a, b) in same]),
    ]


def largest_gain(results: Results, rows: list[AblationRow]) -> PairedComparison | None:
    """Return the comparison, after minus before, of the row with the largest significant gain."""
    pairs = [results.pair(row.after, row.before) for row in rows]
    gains = [pair for pair in pairs if pair.is_significant and pair.difference > 0]
    return max(gains, key=lambda pair: pair.difference, default=None)


def is_augmented(model: ModelResult) -> bool:
    """Return whether a model was trained or tested with augmented images."""
    return any(model.params.get(name) not in (None, False, 0, "none", {}) for name in AUGMENTATION)


def _best(
    factor: Factor,
    pairs: list[selectors.ModelPair],
    group: Callable[[ModelResult], Any] = lambda after: after.name,
) -> Iterator[AblationRow]:
    """Return the best row of each group of second models, if its models are similar enough."""
    rows = [AblationRow(factor, a, b, tuple(_confounders(factor, a, b))) for a, b in pairs]
    if factor not in (Factor.CLASSIFIER, Factor.CONVOLUTION):
        rows = [row for row in rows if len(row.confounders) <= MAX_CONFOUNDERS]
    for key in dict.fromkeys(group(row.after) for row in rows):
        yield min((row for row in rows if group(row.after) == key), key=_distance)


def _single_hyperparameters(pairs: list[selectors.ModelPair]) -> Iterator[AblationRow]:
    """Return the pairs that differ in one hyperparameter of the training, such as precision or optimizer."""
    for a, b in pairs:
        first, second = a.classifier_params, b.classifier_params
        names = {name for name in {**first, **second} if first.get(name) != second.get(name)}
        # The arguments of an optimizer belong to it.
        changed = {name.removesuffix("_params") for name in names}
        is_training = names <= {*TRAINING_PARAMS, *AUGMENTATION} and is_augmented(a) == is_augmented(b)
        if len(changed) == 1 and is_training and not a.tuned_params | b.tuned_params:
            yield AblationRow(changed.pop(), a, b, ())


def _distance(row: AblationRow) -> tuple[Any, ...]:
    """Return a sort key, which is smaller for rows that isolate the effect of their factor better."""
    before, after, n_confounders = row.before, row.after, len(row.confounders)
    if row.factor is Factor.CLASSIFIER:
        return (Factor.FEATURES in row.confounders, n_confounders, -before.accuracy - after.accuracy)
    if row.factor is Factor.CONVOLUTION:
        ratio = after.fit["n_parameters"] / before.fit["n_parameters"]
        return (n_confounders, round(abs(log(ratio)), 2), -before.accuracy)
    return (-len(before.features), n_confounders, -before.accuracy)


def _classifier_pairs(models: list[ModelResult]) -> list[selectors.ModelPair]:
    """Return models on the same first features: the first family against each other family."""
    candidates = [model for model in models if model.kind != selectors.CONVNET]
    kinds = list(dict.fromkeys(model.kind for model in candidates))
    first = {
        _base(model): model.kind for model in sorted(candidates, key=lambda model: -kinds.index(model.kind))
    }
    return [
        (a, b)
        for a in candidates
        for b in candidates
        if _base(a) == _base(b) and a.kind == first[_base(a)] != b.kind
    ]


def _convolution_pairs(pairs: list[selectors.ModelPair]) -> list[selectors.ModelPair]:
    """Return perceptrons with convolutional networks that are not larger, or all such pairs if there are none."""
    networks = [(a, b) for a, b in pairs if (a.kind, b.kind) == (selectors.MLP, selectors.CONVNET)]
    return [(a, b) for a, b in networks if not _is_larger(a, b)] or networks


def _confounders(factor: Factor, a: ModelResult, b: ModelResult) -> Iterator[str]:
    if factor is not Factor.FEATURES and not _same_features(a, b):
        yield Factor.FEATURES.value
    if factor is not Factor.TUNING and a.tuned != b.tuned:
        yield Factor.TUNING.value
    if factor is not Factor.AUGMENTATION and is_augmented(a) != is_augmented(b):
        yield Factor.AUGMENTATION.value
    if factor is Factor.CONVOLUTION and _is_larger(a, b):
        yield "n_parameters"
    # Another classifier has other hyperparameters.
    if factor not in (Factor.CLASSIFIER, Factor.CONVOLUTION):
        ignored = a.tuned_params | b.tuned_params | {*AUGMENTATION}
        ignored |= {*TRAINING_PARAMS} if factor is Factor.TUNING else set()
        ignored |= REGULARIZATION if factor is Factor.REGULARIZATION else set()
        first, second = a.classifier_params, b.classifier_params
        for name in dict.fromkeys([*first, *second]):
            if name not in ignored and first.get(name) != second.get(name):
                yield name


def _same_classifier(a: ModelResult, b: ModelResult) -> bool:
    return a.kind == b.kind and all(
        a.params.get(name) == b.params.get(name) for name in ("estimator", "module")
    )


def _same_features(a: ModelResult, b: ModelResult, length: int | None = None) -> bool:
    """Return whether the first `length` steps of both pipelines, or all, are equal except for tuned parameters."""
    tuned = a.tuned_params | b.tuned_params

    def steps(model: ModelResult) -> list[Any]:
        return [
            (step["type"], {name: value for name, value in step["params"].items() if name not in tuned})
            for step in model.features[:length]
        ]

    return steps(a) == steps(b)


def _is_feature_variant(a: ModelResult, b: ModelResult) -> bool:
    """Return whether two pipelines have the same types of steps, and one parameter differs."""
    if [step["type"] for step in a.features] != [step["type"] for step in b.features]:
        return False
    steps = [
        (first["params"], second["params"]) for first, second in zip(a.features, b.features, strict=True)
    ]
    changed = [name for x, y in steps for name in {**x, **y} if x.get(name) != y.get(name)]
    return len(changed) == 1 and not a.tuned_params | b.tuned_params


def _pipeline_names(model: ModelResult) -> tuple[str | None, ...]:
    return (model.kind, model.params.get("estimator"), *(step["name"] for step in model.features))


def _base(model: ModelResult) -> str | None:
    """Return the name of the first feature step; None for a model on pixels."""
    return model.features[0]["name"] if model.features else None


def _is_larger(perceptron: ModelResult, network: ModelResult) -> bool:
    return network.fit["n_parameters"] > SIZE_RATIO * perceptron.fit["n_parameters"]
