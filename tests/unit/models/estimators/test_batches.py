"""Classifiers fitted in batches with `partial_fit`."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from cifarbench.families import FAMILIES
from cifarbench.models.estimators import classifier
from cifarbench.planning.model_family import DataShape

SGD = "sklearn.linear_model.SGDClassifier"


@pytest.fixture
def digits(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    np.save(tmp_path / "values.npy", (images / 16).astype(np.float32))
    return np.load(tmp_path / "values.npy", mmap_mode="r"), labels


def fitted(digits: tuple, rows: np.ndarray, batch_size: int | None, seed: int = 0, reference: str = SGD):
    values, labels = digits
    estimator = classifier.build(reference, {}, seed=3, key="models.m")
    return classifier.fit(estimator, values, labels, rows, batch_size, seed)


def test_batches_have_every_image_once(digits):
    rows = np.flatnonzero(np.arange(len(digits[1])) % 5)
    found = fitted(digits, rows, 100, reference="sklearn.naive_bayes.GaussianNB")
    whole = GaussianNB().fit(digits[0][rows], digits[1][rows])
    # The means of naive Bayes do not depend on the batches.
    np.testing.assert_array_equal(found.class_count_, whole.class_count_)
    np.testing.assert_allclose(found.theta_, whole.theta_, atol=1e-5)


def test_the_order_of_batches_depends_on_the_seed(digits):
    rows = np.arange(1500)
    values, labels = digits
    first, same, other = (fitted(digits, rows, 100, seed) for seed in (0, 0, 1))
    assert (first.predict(values[1500:]) == labels[1500:]).mean() > 0.8
    np.testing.assert_array_equal(first.coef_, same.coef_)
    assert (first.coef_ != other.coef_).any()


def test_the_first_batch_declares_all_classes(digits):
    values, labels = digits
    order = np.argsort(labels, kind="stable")
    found = classifier.fit(
        classifier.build(SGD, {}, seed=0, key="models.m"),
        values[order],
        labels[order],
        np.arange(1797),
        200,
        0,
    )
    assert len(found.classes_) == 10


def test_classifiers_without_partial_fit_are_refused():
    entry = {"estimator": "sklearn.svm.LinearSVC", "params": {}, "batch_size": 100}
    setting = DataShape(1000, 10, (3, 4, 4), 48)
    assert [*FAMILIES["estimator"].check_build("models.m", entry, setting)] == [
        "models.m.batch_size is 100; sklearn.svm.LinearSVC has no partial_fit, so delete batch_size."
    ]
