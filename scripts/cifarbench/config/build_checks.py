"""Find mistakes that show only when models and features are built, by torch, scikit-learn or a user's code."""

from collections.abc import Iterator

from cifarbench.config.semantic_checks import expand_uses, point_to_grid_key
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily, no_errors


def entries_to_build(plan: Experiment) -> list[Entry]:
    """Return what the checks of a plan's models and features depend on, apart from code."""
    shape = {name: plan.dataset[name] for name in ("n_train", "n_classes", "image_shape")}
    return [
        {"model": model, "entry": key, "params": params, "data": shape}
        for model, key, _, params, _ in _checked_uses(plan)
    ]


def user_code(plan: Experiment) -> list[str]:
    """Return the files outside the package that a plan's models and their features are made of."""
    return [
        path
        for model in plan.models
        for path in [
            *plan.source_files(model),
            *(
                path
                for features in plan.feature_pipeline(plan.features_of(model))
                for path in plan.feature_source_files(features)
            ),
        ]
    ]


def build_errors(plan: Experiment) -> list[str]:
    """Build all models and features of a plan and return one sentence for each mistake."""
    found = [
        point_to_grid_key(plan, model, error)
        for model, key, kind, params, data in _checked_uses(plan)
        for error in kind.check_build(key, params, data)
    ]
    return list(dict.fromkeys(found))


def _checked_uses(plan: Experiment) -> Iterator[tuple[str, str, FeatureType | ModelFamily, Entry, DataShape]]:
    for model in plan.models:
        for key, kind, params, data in expand_uses(plan, model, plan.dataset):
            if kind.check_build is not no_errors:
                yield model, key, kind, params, data
