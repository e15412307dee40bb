"""Find mistakes that show only when models and features are built, by torch, scikit-learn or a user's code."""

from collections.abc import Iterator

from cifarbench.study.family import Entry, Family, FeatureKind, Setting, no_faults
from cifarbench.study.feasibility import uses, where_it_stands
from cifarbench.study.plan import Plan


def entries_to_build(plan: Plan) -> list[Entry]:
    """Return what the checks of a plan's models and features depend on, apart from code."""
    shape = {name: plan.dataset[name] for name in ("n_train", "n_classes", "image_shape")}
    return [
        {"model": model, "entry": key, "params": params, "data": shape}
        for model, key, _, params, _ in _checked_uses(plan)
    ]


def user_code(plan: Plan) -> list[str]:
    """Return the files outside the package that a plan's models and their features are made of."""
    return [
        path
        for model in plan.models
        for path in [
            *plan.own_code(model),
            *(
                path
                for features in plan.chain(plan.features_of(model))
                for path in plan.own_code_of_features(features)
            ),
        ]
    ]


def build_errors(plan: Plan) -> list[str]:
    """Build all models and features of a plan and return one sentence for each mistake."""
    found = [
        where_it_stands(plan, model, error)
        for model, key, kind, params, data in _checked_uses(plan)
        for error in kind.check(key, params, data)
    ]
    return list(dict.fromkeys(found))


def _checked_uses(plan: Plan) -> Iterator[tuple[str, str, FeatureKind | Family, Entry, Setting]]:
    for model in plan.models:
        for key, kind, params, data in uses(plan, model, plan.dataset):
            if kind.check is not no_faults:
                yield model, key, kind, params, data
