"""The notebook's conclusions, each a rule over the numbers of a run.

A rule takes the run and a language. It gives a Statement, or None when the models that it is about are not in
the run.
"""

from collections.abc import Callable

from cifarbench.report.conclusions import costs, curves, measured, neighbors, networks, outlook
from cifarbench.report.conclusions.statement import Link, Statement, Verdict
from cifarbench.report.language import Language
from cifarbench.report.results import Run

RULES: list[Callable[[Run, Language], Statement | None]] = [
    neighbors.pca_helps,
    neighbors.scaling_changes_little,
    neighbors.tuning_helps,
    networks.networks_win,
    curves.levels_off,
    curves.dropout_lifts_training_loss,
    curves.falls_faster,
    curves.falls_steadier,
    costs.neighbors_fit_fast,
    costs.neighbors_predict_slowly,
    costs.neighbors_keep_training_set,
    neighbors.suffers_from_dimension,
    networks.parameters_grow,
    outlook.better_features_next,
    outlook.convolutions_next,
    outlook.augmentation_next,
    measured.tuning,
]


def conclude(run: Run, say: Language) -> list[Statement]:
    """What this run's numbers say of each of the notebook's conclusions that its models allow."""
    return [statement for rule in RULES if (statement := rule(run, say))]


__all__ = ["RULES", "Link", "Statement", "Verdict", "conclude"]
