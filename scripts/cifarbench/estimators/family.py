"""Any classifier of scikit-learn's interface, as the configuration knows it."""

from collections.abc import Iterator

from cifarbench.study import own_code
from cifarbench.study.errors import UserError
from cifarbench.study.family import Entry, Family, Parameter, Setting

LINEAR = "linear models"
OTHER = "other classifiers"
# By the module that a class is from, if it is not linear.
BY_MODULE = {
    "sklearn.ensemble": "trees and forests",
    "sklearn.tree": "trees and forests",
    "sklearn.svm": "support vector machines",
    "sklearn.naive_bayes": "naive Bayes",
    "sklearn.neighbors": "nearest neighbours",
    "sklearn.neural_network": "perceptrons of scikit-learn",
    "sklearn.discriminant_analysis": "discriminant analyses",
    "sklearn.gaussian_process": "Gaussian processes",
}


def _check(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    # Building one imports scikit-learn.
    from cifarbench.estimators.classifier import build

    try:
        built = build(entry["estimator"], entry["params"], seed=0, key=key)
    except UserError as error:
        yield str(error)
        return
    if entry["batch_size"] and not hasattr(built, "partial_fit"):
        yield (
            f"{key}.batch_size is {entry['batch_size']}; {entry['estimator']} has no partial_fit, so take batch_size "
            "away."
        )


def _seeded(entry: Entry) -> bool:
    from cifarbench.estimators.classifier import build, takes_seed

    params = entry.get("params", {})
    return takes_seed(build(entry["estimator"], params, seed=0, key="estimator"), params)


FAMILY = Family(
    "estimator",
    room="estimators",
    parameters={
        "estimator": Parameter(own_code.SCHEMA, "a classifier of scikit-learn's interface", own_code.FORM),
        "params": Parameter(
            {"type": "object"},
            "what its constructor takes",
            "the classifier's own",
            required=False,
            default={},
        ),
        "batch_size": Parameter(
            {"type": ["integer", "null"], "minimum": 1},
            "images that the classifier's `partial_fit` gets at a time, so that they need not all be in memory; `fit` "
            "gets all at once without it",
            "1 or more; for classifiers that have `partial_fit`",
            required=False,
            default=None,
        ),
    },
    kinds=(LINEAR, *dict.fromkeys(BY_MODULE.values()), OTHER),
    leaves=("estimator.skops",),
    seeded=_seeded,
    takes_params=True,
    own_code=lambda entry: own_code.own_file(entry["estimator"]),
    check=_check,
)
