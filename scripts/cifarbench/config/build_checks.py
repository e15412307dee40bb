"""Find mistakes that show only when models and features are built, by torch, scikit-learn or user code."""

from collections.abc import Iterator

from cifarbench.config.semantic_checks import expand_uses, point_to_grid_key
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ModelFamily, no_errors


def entries_to_build(experiment: Experiment) -> list[Entry]:
    """Return what the checks of an experiment's models and features depend on, apart from code."""
    shape = {name: experiment.dataset[name] for name in ("n_train", "n_classes", "image_shape")}
    return [
        {"model": model, "entry": key, "params": params, "data": shape}
        for model, key, _, params, _ in _checked_uses(experiment)
    ]


def user_code(experiment: Experiment) -> list[str]:
    """Return the files outside the package that an experiment's models and their features are made of."""
    paths = []
    for model in experiment.models:
        paths += experiment.source_files(model)
        for features in experiment.feature_pipeline(experiment.features_of(model)):
            paths += experiment.feature_source_files(features)
    return paths


def build_errors(experiment: Experiment) -> list[str]:
    """Build all models and features of an experiment and return one sentence for each mistake."""
    errors = [
        point_to_grid_key(experiment, model, error)
        for model, key, type_, params, data in _checked_uses(experiment)
        for error in type_.check_build(key, params, data)
    ]
    return list(dict.fromkeys(errors))


def _checked_uses(
    experiment: Experiment,
) -> Iterator[tuple[str, str, FeatureType | ModelFamily, Entry, DataShape]]:
    for model in experiment.models:
        for key, type_, params, data in expand_uses(experiment, model):
            if type_.check_build is not no_errors:
                yield model, key, type_, params, data
