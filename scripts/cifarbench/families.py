"""All families of models and kinds of features: the one place that names each of them."""

from cifarbench.estimators.family import FAMILY as ESTIMATOR
from cifarbench.features.kinds import KINDS
from cifarbench.neighbors.family import FAMILY as NEIGHBORS
from cifarbench.networks.family import FAMILIES as NETWORKS
from cifarbench.study.family import Family

FAMILIES: dict[str, Family] = {family.name: family for family in (NEIGHBORS, ESTIMATOR, *NETWORKS.values())}
# What models may belong to: the report says it, in its own language.
KINDS_IN_WORDS = list(dict.fromkeys(kind for family in FAMILIES.values() for kind in family.kinds))

__all__ = ["FAMILIES", "KINDS", "KINDS_IN_WORDS"]
