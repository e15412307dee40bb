"""Classifiers with scikit-learn's interface: construction, refusal, serialisation and prediction."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from cifarbench.errors import UserError
from cifarbench.io import sklearn_objects
from cifarbench.models.estimators import classifier

USER_CODE = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class NearestMean(ClassifierMixin, BaseEstimator):
    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def predict(self, X):
        distances = (np.abs(X[:, None] - self.means_) ** self.power).sum(axis=2)
        return self.classes_[distances.argmin(axis=1)]


class Half(NearestMean):
    def predict(self, X):
        return super().predict(X)[: len(X) // 2]


class Strange(NearestMean):
    def predict(self, X):
        return super().predict(X) + 100
"""


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_models.py").write_text(USER_CODE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("own_models", None)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype(np.float32)[:300], labels[:300]


def build(reference: str, **params):
    return classifier.build(reference, params, seed=5, key="models.m")


@pytest.mark.parametrize(
    ("reference", "params", "said"),
    [
        ("sklearn.svm.LinearSVR", {}, "which is not a classifier"),
        ("sklearn.decomposition.PCA", {}, "is not a class with fit and predict; name one"),
        ("numpy.linalg.norm", {}, "is not a class with"),
        (
            "sklearn.svm.LinearSVC",
            {"c": 1},
            "models.m.params.c is not a parameter of sklearn.svm.LinearSVC; did you",
        ),
        ("sklearn.svm.LinearSVC", {"depth": 1}, "its parameters are penalty, loss"),
        ("sklearn.svm.LinearSVC", {"C": -1}, "(The 'C' parameter"),
        ("sklearn.svm.LinearSVC", {"C": "much"}, "(The 'C' parameter"),
    ],
)
def test_invalid_classifiers_are_refused_in_a_sentence(reference, params, said):
    with pytest.raises(UserError) as caught:
        build(reference, **params)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_seeded_classifiers_use_the_seed_of_the_experiment():
    forest = "sklearn.ensemble.RandomForestClassifier"
    assert build(forest).random_state == 5
    assert build(forest, random_state=1).random_state == 1
    assert classifier.uses_random_state(build(forest), {})
    assert not classifier.uses_random_state(build(forest, random_state=1), {"random_state": 1})
    assert not classifier.uses_random_state(build("sklearn.neighbors.KNeighborsClassifier"), {})


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("sklearn.svm.LinearSVC", "linear models"),
        ("sklearn.linear_model.RidgeClassifier", "linear models"),
        ("sklearn.svm.SVC", "support vector machines"),
        ("sklearn.ensemble.HistGradientBoostingClassifier", "trees and forests"),
        ("sklearn.tree.DecisionTreeClassifier", "trees and forests"),
        ("sklearn.naive_bayes.GaussianNB", "naive Bayes"),
        ("sklearn.dummy.DummyClassifier", "other classifiers"),
    ],
)
def test_the_family_label_is_derived_from_the_class(reference, kind):
    assert classifier.family_label(build(reference)) == kind


@pytest.mark.parametrize(
    "reference",
    ["sklearn.svm.LinearSVC", "sklearn.ensemble.RandomForestClassifier", "own_models.py:NearestMean"],
)
def test_loaded_classifiers_give_the_same_predictions(user_code, digits, reference):
    images, labels = digits
    fitted = build(reference).fit(images, labels)
    again = sklearn_objects.loads(sklearn_objects.dumps(fitted), reference)
    for ours, theirs in zip(
        classifier.predict(again, images, 10), classifier.predict(fitted, images, 10), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_classifiers_without_probabilities_are_marked(digits):
    images, labels = digits
    answers, proba, probabilities = classifier.predict(
        build("sklearn.svm.LinearSVC").fit(images, labels), images, 10
    )
    assert not probabilities
    np.testing.assert_array_equal(proba.argmax(axis=1), answers)
    assert set(np.unique(proba)) == {0, 1}


def test_a_class_without_training_images_has_probability_zero(digits):
    images, labels = digits
    some = labels != 3
    fitted = RandomForestClassifier(5, random_state=0).fit(images[some], labels[some])
    answers, proba, probabilities = classifier.predict(fitted, images, 10)
    assert probabilities
    assert proba.shape == (300, 10)
    assert not proba[:, 3].any()
    assert not (answers == 3).any()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)


def test_only_linear_classifiers_have_a_parameter_count(digits):
    assert classifier.n_parameters(build("sklearn.svm.LinearSVC").fit(*digits)) == 650
    assert classifier.n_parameters(build("sklearn.tree.DecisionTreeClassifier").fit(*digits)) is None


@pytest.mark.parametrize(("name", "said"), [("Half", "of shape (150,)"), ("Strange", "which is not a class")])
def test_invalid_predictions_are_refused(user_code, digits, name, said):
    fitted = build(f"own_models.py:{name}").fit(*digits)
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(")", r"\)")):
        classifier.predict(fitted, digits[0], 10)
