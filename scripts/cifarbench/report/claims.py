"""Claims of the reference notebook, checked against the results of a run on the same data set.

Each check selects models, compares numbers of theirs, and returns a verdict with these numbers. The sentences are in
templates/claims.j2, by the names of the claims. A training curve has no confidence interval. Where a network was
trained with several seeds, all must agree.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from statistics import fmean, stdev
from typing import Any

from cifarbench.report import selectors
from cifarbench.report.ablation import AblationRow, Factor, ablation
from cifarbench.report.results import ModelResult, Results

# A gain of accuracy of up to this is "a little".
A_LITTLE = 0.05
# A change of accuracy within this, either way, is "next to nothing".
NEXT_TO_NOTHING = 0.02
# Times of single runs on a shared machine that differ by less than this factor are equal.
TIME_RATIO = 2.0
# Loss curves that differ by less than this factor are equal.
LOSS_RATIO = 1.1

# Two kNN, by their properties, and the properties in which they may differ.
KnnPair = tuple[dict[str, str], dict[str, str], tuple[str, ...]]
PCA: KnnPair = {"inputs": "pca", "search": "none"}, {"inputs": "pixels", "search": "none"}, ("inputs", "pca")
SCALING: KnnPair = (
    {"inputs": "scaled pca", "search": "none"},
    {"inputs": "pca", "search": "none"},
    ("inputs",),
)
SEARCH: KnnPair = {"search": "reference"}, {"search": "none"}, ("search", "pca", "n_neighbors")
# Slower models, faster ones, and the time that is compared.
Timing = tuple[Callable[[Results], list[ModelResult]], Callable[[Results], list[ModelResult]], str]
FIT: Timing = selectors.mlp_models, selectors.untuned_knn, "fit_seconds"
PREDICT: Timing = selectors.knn_models, selectors.mlp_models, "predict_seconds"


class Verdict(StrEnum):
    """The outcome of a check. UNTESTED: no model of the run tries it."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    UNTESTED = "untested"


@dataclass(frozen=True)
class Evidence:
    """A verdict, the models that it is about, and the values that templates/claims.j2 puts into sentences."""

    verdict: Verdict
    models: list[ModelResult] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def gains(results: Results, pair: KnnPair) -> Evidence | None:
    """Check that the first kNN is more accurate than the second."""
    if not (models := selectors.knn_pair(results, *pair)):
        return None
    first, second = models
    unchanged = first.params == second.params
    verdict = Verdict.CONTRADICTED if unchanged else compare_accuracy(results, first, second)
    return Evidence(verdict, [first, second], {"little": A_LITTLE, "unchanged": unchanged})


def scaling_changes_little(results: Results) -> Evidence | None:
    """Check that the interval of the difference of a kNN with and without scaling stays within a limit, either way."""
    if not (models := selectors.knn_pair(results, *SCALING)):
        return None
    comparison = results.pair(*models)
    within = max(-comparison.low, comparison.high) <= NEXT_TO_NOTHING
    different = Verdict.CONTRADICTED if comparison.is_significant else Verdict.INCONCLUSIVE
    return Evidence(
        Verdict.CONFIRMED if within else different, [*models], {"within": within, "limit": NEXT_TO_NOTHING}
    )


def mlps_beat_knn(results: Results) -> Evidence | None:
    """Check that each perceptron is more accurate than each kNN."""
    mlps, knns = selectors.mlp_models(results), selectors.knn_models(results)
    if not mlps or not knns:
        return None
    verdicts = Counter(compare_accuracy(results, mlp, knn) for mlp in mlps for knn in knns)
    lost = verdicts[Verdict.CONTRADICTED]
    best = [next(model for model in results.ranking if model in group) for group in (mlps, knns)]
    return Evidence(
        Verdict.CONTRADICTED if lost else combine_verdicts(verdicts), best, {"verdicts": verdicts}
    )


def suffers_from_dimension(results: Results) -> Evidence | None:
    """Check that fewer dimensions give a higher accuracy: in the folds of a grid, and on the test images."""
    verdicts: list[Verdict] = []
    trends = []
    for model in filter(selectors.is_tuned_on_reference_grid, selectors.knn_models(results)):
        few, *_, many = sorted(row[selectors.N_COMPONENTS] for row in model.grid)
        if few < many:
            scores = [_scores_by_fold(model, few), _scores_by_fold(model, many)]
            gaps = [a - b for a, b in zip(*scores, strict=True)]
            verdicts.append(combine_verdicts(verdict_from_interval(gap, gap) for gap in gaps))
            ahead = sum(gap > 0 for gap in gaps)
            trends.append((model, few, many, *map(fmean, scores), ahead, len(gaps)))
    models = selectors.knn_pair(results, *PCA)
    if models:
        verdicts.append(compare_accuracy(results, *models))
    if not verdicts:
        return None
    # Inconclusive evidence does not contradict the rest.
    verdict = combine_verdicts(verdict for verdict in verdicts if verdict is not Verdict.INCONCLUSIVE)
    shown = [*models] if models else [trend[0] for trend in trends]
    return Evidence(verdict, shown, {"trends": trends, "compared": bool(models)})


def _scores_by_fold(model: ModelResult, n_components: float) -> list[float]:
    rows = [row for row in model.grid if row[selectors.N_COMPONENTS] == n_components]
    folds = [name for name in rows[0] if name.startswith("split") and name.endswith("_test_score")]
    return [fmean(row[fold] for row in rows) for fold in folds]


def parameters_scale_with_input(results: Results) -> Evidence | None:
    """Check that a perceptron has a weight per pixel value and hidden unit."""
    mlps = [model for model in selectors.mlp_models(results) if "hidden_dim" in model.params]
    model = next((model for model in mlps if model.fit["n_parameters"]), None)
    if not model:
        return None
    inputs = results.n_pixels * model.params["hidden_dim"]
    verdict = Verdict.CONFIRMED if inputs <= model.fit["n_parameters"] else Verdict.CONTRADICTED
    return Evidence(verdict, [model], {"inputs": inputs})


def stores_training_set(results: Results) -> Evidence | None:
    """Check that each kNN stores at least one byte per dimension of each training image."""
    sizes = {model.name: selectors.input_dim(results, model) for model in selectors.knn_models(results)}
    models = [model for model in selectors.knn_models(results) if sizes[model.name]]
    if not models:
        return None
    verdict = combine_verdicts(
        Verdict.CONFIRMED
        if model.fit["stored_mb"] * 1e6 >= results.dataset["n_train"] * sizes[model.name]
        else Verdict.CONTRADICTED
        for model in models
    )
    groups = [group for group in (models, selectors.mlp_models(results)) if group]
    return Evidence(verdict, [max(group, key=lambda model: model.fit["stored_mb"]) for group in groups])


def each_takes_longer(results: Results, timing: Timing) -> Evidence | None:
    """Check that each model of one selection takes longer than each of another, by TIME_RATIO at least."""
    select_slow, select_fast, column = timing
    slows, fasts = select_slow(results), select_fast(results)
    if not slows or not fasts:
        return None
    verdict = combine_verdicts(
        verdict_from_ratio(a.fit[column], b.fit[column], TIME_RATIO) for a in slows for b in fasts
    )
    seconds = {
        kind: [m.fit[column] for m in slows + fasts if m.kind == kind]
        for kind in (selectors.KNN, selectors.MLP)
    }
    left_out = [model for model in selectors.knn_models(results) if model not in slows + fasts]
    values = {"column": column, "ratio": TIME_RATIO, "left_out": left_out}
    return Evidence(verdict, [], values | {"knn": seconds[selectors.KNN], "mlp": seconds[selectors.MLP]})


def test_accuracy_plateaus(results: Results) -> Evidence | None:
    """Check that a plain perceptron's test accuracy levels off while its training accuracy rises."""
    model = selectors.first_mlp(results, batch_norm=False, dropout=False)
    if not model:
        return None
    plateau, epochs = model.learning["plateau"]["epoch"], len(model.history)
    since = epochs - _tenth(epochs) if plateau is None else plateau
    return Evidence(combine_verdicts(map(_has_plateau, model.every_seed)), [model], {"since": since})


def _has_plateau(model: ModelResult) -> Verdict:
    """Check that test accuracy levels off while training accuracy gains more than the tolerance.

    Inconclusive while the test loss still falls: a longer training could leave the plateau.
    """
    plateau = model.learning["plateau"]
    if plateau["epoch"] is None:
        return Verdict.CONTRADICTED
    if model.still_improves:
        return Verdict.INCONCLUSIVE
    test, train = (model.column(name) for name in ("test_accuracy", "train_accuracy"))
    gain = train[-1] - train[plateau["epoch"]]
    climbs = gain > max(plateau["gain"], test[-1] - test[plateau["epoch"]])
    return Verdict.CONFIRMED if climbs else Verdict.CONTRADICTED


def dropout_raises_train_loss(results: Results) -> Evidence | None:
    """Check that the training loss ends above the test loss with dropout, and not without it."""
    model = selectors.first_mlp(results, dropout=True)
    plain = selectors.first_mlp(results, batch_norm=False, dropout=False)
    if not model:
        return None
    models = [model, plain] if plain else [model]
    above, *without = [_train_loss_is_above(curve) for curve in models]
    # If the loss is also above without dropout, dropout is not the only cause.
    unexplained = above is Verdict.CONFIRMED and not {*without} <= {Verdict.CONTRADICTED}
    losses = [[fmean(_last_tenth(curve, f"{part}_loss")) for part in ("train", "test")] for curve in models]
    return Evidence(Verdict.INCONCLUSIVE if unexplained else above, models, {"losses": losses})


def _train_loss_is_above(model: ModelResult) -> Verdict:
    """Compare the losses over the last tenth of the epochs, within two standard deviations."""
    verdicts = []
    for seed in model.every_seed:
        losses = (_last_tenth(seed, name) for name in ("train_loss", "test_loss"))
        gaps = [train - test for train, test in zip(*losses, strict=True)]
        margin = 2 * stdev(gaps) if len(gaps) > 1 else 0.0
        verdicts.append(verdict_from_interval(fmean(gaps) - margin, fmean(gaps) + margin))
    return combine_verdicts(verdicts)


def converges_faster(results: Results) -> Evidence | None:
    """Check that a network with batch norm and dropout needs fewer epochs to the same test loss."""
    if not (models := _regularized_and_plain(results)):
        return None
    seeds = zip(*(model.every_seed for model in models), strict=False)
    epochs = [_epochs_to_shared_loss(regularized, plain) for regularized, plain in seeds]
    verdict = combine_verdicts(verdict_from_ratio(slow, fast, LOSS_RATIO) for fast, slow, _ in epochs)
    return Evidence(verdict, models, {"epochs": epochs[0]})


def _epochs_to_shared_loss(a: ModelResult, b: ModelResult) -> tuple[int, int, float]:
    """Return the epochs, from 1, in which two models first reach a test loss that both reach, and that loss.

    It is nine tenths of the way down from the higher first loss to the higher of the two lowest.
    """
    losses = [model.column("test_loss") for model in (a, b)]
    start, end = max(values[0] for values in losses), max(min(values) for values in losses)
    level = end + 0.1 * (start - end)
    first, second = (
        next(epoch for epoch, loss in enumerate(values, 1) if loss <= level) for values in losses
    )
    return first, second, level


def converges_smoother(results: Results) -> Evidence | None:
    """Check that the test loss rises less often and bends less with batch norm and dropout."""
    if not (models := _regularized_and_plain(results)):
        return None
    verdict = combine_verdicts(
        verdict_from_ratio(plain.learning[measure], regularized.learning[measure], LOSS_RATIO)
        for regularized, plain in zip(*(model.every_seed for model in models), strict=False)
        for measure in ("frac_epochs_test_loss_up", "test_loss_roughness")
        # The measure is not defined if neither loss rises.
        if plain.learning[measure] or regularized.learning[measure]
    )
    return Evidence(verdict, models)


def _regularized_and_plain(results: Results) -> list[ModelResult]:
    found = (selectors.first_mlp(results, batch_norm=on, dropout=on) for on in (True, False))
    models = [model for model in found if model]
    return models if len(models) == 2 else []


def _last_tenth(model: ModelResult, column: str) -> list[float]:
    values = model.column(column)
    return values[-_tenth(len(values)) :]


def _tenth(epochs: int) -> int:
    """Return a tenth of the epochs, at least two if there are two."""
    return min(max(epochs // 10, 2), epochs)


def suggestion(results: Results, factor: Factor) -> Evidence | None:
    """Compare the models with and without a suggested factor; untested if there are none."""
    classical = factor is Factor.FEATURES
    if not any(bool(model.history) != classical for model in results.models.values()):
        return None
    if classical:
        pair = selectors.better_features_and_pca(results)
        rows = [AblationRow(factor, pair[1], pair[0], ())] if pair else []
    else:
        rows = [row for row in ablation(results) if row.factor is factor and row.after.history]
    if not rows:
        return Evidence(Verdict.UNTESTED)
    verdict = combine_verdicts(compare_accuracy(results, row.after, row.before) for row in rows)
    models = {model.name: model for row in rows for model in (row.before, row.after)}
    return Evidence(verdict, list(models.values()), {"rows": rows})


def verdict_from_interval(low: float, high: float) -> Verdict:
    """Return whether an interval is above zero (confirmed), below it (contradicted), or contains it (inconclusive)."""
    if low > 0:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if high < 0 else Verdict.INCONCLUSIVE


def verdict_from_ratio(larger: float, smaller: float, ratio: float) -> Verdict:
    """Confirm that `larger` is at least `ratio` times `smaller`; contradicted if `smaller` is that much larger."""
    if larger == smaller:
        return Verdict.INCONCLUSIVE
    if larger >= ratio * smaller:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if smaller >= ratio * larger else Verdict.INCONCLUSIVE


def combine_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that all agree on; inconclusive if they do not."""
    distinct = set(verdicts)
    return distinct.pop() if len(distinct) == 1 else Verdict.INCONCLUSIVE


def compare_accuracy(results: Results, first: ModelResult, second: ModelResult) -> Verdict:
    """Check that the first model is more accurate.

    Inconclusive unless the difference is significant and, for models trained with several seeds, each seed of one is on
    the same side of each seed of the other.
    """
    pair = results.pair(first, second)
    if not pair.is_significant:
        return Verdict.INCONCLUSIVE
    verdict = verdict_from_interval(pair.low, pair.high)
    if first.other_seeds or second.other_seeds:
        differences = [a - b for a in first.accuracies for b in second.accuracies]
        return combine_verdicts([verdict, verdict_from_interval(min(differences), max(differences))])
    return verdict


# Name -> the section with its numbers, and the check: it returns None if the run lacks the models that it needs.
CLAIMS: dict[str, tuple[str, Callable[[Results], Evidence | None]]] = {
    "pca-helps": ("pairs", partial(gains, pair=PCA)),
    "scaling-changes-little": ("pairs", scaling_changes_little),
    "tuning-helps": ("pairs", partial(gains, pair=SEARCH)),
    "networks-win": ("pairs", mlps_beat_knn),
    "levels-off": ("training", test_accuracy_plateaus),
    "dropout-lifts-training-loss": ("training", dropout_raises_train_loss),
    "falls-faster": ("training", converges_faster),
    "falls-steadier": ("training", converges_smoother),
    "neighbors-fit-fast": ("cost", partial(each_takes_longer, timing=FIT)),
    "neighbors-predict-slowly": ("cost", partial(each_takes_longer, timing=PREDICT)),
    "neighbors-keep-training-set": ("cost", stores_training_set),
    "suffers-from-dimension": ("pairs", suffers_from_dimension),
    "parameters-grow": ("cost", parameters_scale_with_input),
    "better-features-next": ("ablation", partial(suggestion, factor=Factor.FEATURES)),
    "convolutions-next": ("ablation", partial(suggestion, factor=Factor.CONVOLUTION)),
    "augmentation-next": ("ablation", partial(suggestion, factor=Factor.AUGMENTATION)),
    "tuning-next": ("ablation", partial(suggestion, factor=Factor.TUNING)),
}


@dataclass(frozen=True)
class CheckedClaim:
    """A claim with the evidence of a run. section: where in the report its numbers are."""

    name: str
    section: str
    evidence: Evidence


def check_claims(results: Results) -> list[CheckedClaim]:
    """Check each claim that the run's models allow; none on a run without models of the reference study."""
    if not results.reference_models:
        return []
    checked = ((name, section, check(results)) for name, (section, check) in CLAIMS.items())
    return [CheckedClaim(name, section, evidence) for name, section, evidence in checked if evidence]
