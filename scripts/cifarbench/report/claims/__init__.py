"""Claims of the reference notebook, checked against the results of a run on the same data set.

Their sentences are in templates/claims.j2, by the same names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from cifarbench.report import selectors
from cifarbench.report.ablation import Factor
from cifarbench.report.claims import checks
from cifarbench.report.claims.checks import Evidence, Verdict
from cifarbench.report.results import Results

__all__ = ["CLAIMS", "CheckedClaim", "Verdict", "check_claims"]

# A gain of accuracy of up to this is "a little".
A_LITTLE = 0.05
# A change of accuracy within this, either way, is "next to nothing".
NEXT_TO_NOTHING = 0.02
# Times of single runs on a shared machine that differ by less than this factor are equal.
TIME_RATIO = 2.0
# Loss curves that differ by less than this factor are equal.
LOSS_RATIO = 1.1

# Two kNN, by their properties, and the properties in which they may differ.
PCA = {
    "first": {"inputs": "pca", "search": "none"},
    "second": {"inputs": "pixels", "search": "none"},
    "differ": ("inputs", "pca"),
}
SCALING = {
    "first": {"inputs": "scaled pca", "search": "none"},
    "second": {"inputs": "pca", "search": "none"},
    "differ": ("inputs",),
}
SEARCH = {
    "first": {"search": "reference"},
    "second": {"search": "none"},
    "differ": ("search", "pca", "n_neighbors"),
}
FIT: dict[str, Any] = {"slow": selectors.mlp_models, "fast": selectors.untuned_knn, "column": "fit_seconds"}
PREDICT: dict[str, Any] = {
    "slow": selectors.knn_models,
    "fast": selectors.mlp_models,
    "column": "predict_seconds",
}

# Name -> the section with its numbers, and the check: it returns None if the run lacks the models that it needs.
CLAIMS: dict[str, tuple[str, Callable[[Results], Evidence | None]]] = {
    "pca-helps": ("pairs", partial(checks.gains, pair=PCA, little=A_LITTLE)),
    "scaling-changes-little": ("pairs", partial(checks.is_equivalent, pair=SCALING, limit=NEXT_TO_NOTHING)),
    "tuning-helps": ("pairs", partial(checks.gains, pair=SEARCH, little=A_LITTLE)),
    "networks-win": ("pairs", checks.mlps_beat_knn),
    "levels-off": ("training", checks.test_accuracy_plateaus),
    "dropout-lifts-training-loss": ("training", checks.dropout_raises_train_loss),
    "falls-faster": ("training", partial(checks.converges_faster, ratio=LOSS_RATIO)),
    "falls-steadier": ("training", partial(checks.converges_smoother, ratio=LOSS_RATIO)),
    "neighbors-fit-fast": ("cost", partial(checks.each_takes_longer, **FIT, ratio=TIME_RATIO)),
    "neighbors-predict-slowly": ("cost", partial(checks.each_takes_longer, **PREDICT, ratio=TIME_RATIO)),
    "neighbors-keep-training-set": ("cost", checks.stores_training_set),
    "suffers-from-dimension": ("pairs", partial(checks.suffers_from_dimension, pair=PCA)),
    "parameters-grow": ("cost", checks.parameters_scale_with_input),
    "better-features-next": ("ablation", partial(checks.suggestion, factor=Factor.FEATURES)),
    "convolutions-next": ("ablation", partial(checks.suggestion, factor=Factor.CONVOLUTION)),
    "augmentation-next": ("ablation", partial(checks.suggestion, factor=Factor.AUGMENTATION)),
    "tuning-next": ("ablation", partial(checks.suggestion, factor=Factor.TUNING)),
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
