"""Parameters and checks of classifiers with scikit-learn's interface."""

from collections.abc import Iterator

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.planning.model_family import DataShape, Entry, ModelFamily, read_parameters

LINEAR_LABEL = "linear models"
OTHER_LABEL = "other classifiers"
# By the module of a class that is not linear.
LABELS_BY_MODULE = {
    "sklearn.ensemble": "trees and forests",
    "sklearn.tree": "trees and forests",
    "sklearn.svm": "support vector machines",
    "sklearn.naive_bayes": "naive Bayes",
    "sklearn.neighbors": "nearest neighbours",
    "sklearn.neural_network": "perceptrons of scikit-learn",
    "sklearn.discriminant_analysis": "discriminant analyses",
    "sklearn.gaussian_process": "Gaussian processes",
}


def _check_build(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    # Imported here because it imports scikit-learn.
    from cifarbench.models.estimators.classifier import build

    try:
        estimator = build(entry["estimator"], entry["params"], seed=0, key=key)
    except UserError as error:
        yield str(error)
        return
    if entry["batch_size"] and not hasattr(estimator, "partial_fit"):
        yield (
            f"{key}.batch_size is {entry['batch_size']}; {entry['estimator']} has no partial_fit, so delete batch_size."
        )


def _is_seeded(entry: Entry) -> bool:
    from cifarbench.models.estimators.classifier import build, uses_random_state

    params = entry.get("params", {})
    return uses_random_state(build(entry["estimator"], params, seed=0, key="estimator"), params)


FAMILY = ModelFamily(
    "estimator",
    package="estimators",
    parameters=read_parameters("estimator"),
    family_labels=(LINEAR_LABEL, *dict.fromkeys(LABELS_BY_MODULE.values()), OTHER_LABEL),
    artifacts=("estimator.skops",),
    is_seeded=_is_seeded,
    takes_params=True,
    source_file=lambda entry: user_code.source_file(entry["estimator"]),
    check_build=_check_build,
)
