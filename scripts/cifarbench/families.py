"""Register all model families and feature types."""

from cifarbench.features.registry import FEATURE_TYPES
from cifarbench.models.estimators.family import FAMILY as ESTIMATOR
from cifarbench.models.knn.family import FAMILY as NEIGHBORS
from cifarbench.models.networks.family import FAMILIES as NETWORKS
from cifarbench.models.predictions.family import FAMILY as PREDICTIONS
from cifarbench.planning.model_family import ModelFamily

FAMILIES: dict[str, ModelFamily] = {
    family.name: family for family in (NEIGHBORS, ESTIMATOR, *NETWORKS, PREDICTIONS)
}
# Labels of models in reports, in English.
FAMILY_LABELS = list(dict.fromkeys(kind for family in FAMILIES.values() for kind in family.family_labels))

__all__ = ["FAMILIES", "FAMILY_LABELS", "FEATURE_TYPES"]
