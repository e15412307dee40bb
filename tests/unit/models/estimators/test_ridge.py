"""Ridge regression in closed form, compared with scikit-learn and the definition of its penalty selection."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import log_loss

from cifarbench.errors import UserError
from cifarbench.io import sklearn_objects
from cifarbench.models.estimators import classifier
from cifarbench.models.estimators.ridge import ALPHAS, RidgeClosedForm
from cifarbench.models.estimators.torch_module import SoftmaxRegression

PATH = "cifarbench.models.estimators.ridge.RidgeClosedForm"
VALUES, LABELS = load_digits(return_X_y=True)
# Some pixels of the digits are constant.
VALUES = VALUES.astype(np.float32) / 16 + 3
N_TRAIN = 1200


@pytest.fixture(scope="module")
def whole() -> RidgeClosedForm:
    return RidgeClosedForm().fit(VALUES[:N_TRAIN], LABELS[:N_TRAIN])


def standardized() -> np.ndarray:
    train = VALUES[:N_TRAIN].astype(np.float64)
    deviation = train.std(axis=0)
    deviation[deviation < 1e-6] = 1
    return (VALUES - train.mean(axis=0)) / deviation


def test_scores_equal_scikit_learns_up_to_a_scale(whole):
    values = standardized()
    reference = RidgeClassifier(alpha=whole.alpha_ * N_TRAIN).fit(values[:N_TRAIN], LABELS[:N_TRAIN])
    # The targets of scikit-learn are -1 and 1 instead of 0 and 1.
    expected = (reference.decision_function(values) + 1) / 2
    scores = whole.decision_function(VALUES)
    scale = (scores * expected).sum() / (expected * expected).sum()
    np.testing.assert_allclose(scores / scale, expected, atol=2e-3)


def test_the_penalty_has_the_smallest_generalised_cross_validation_error(whole):
    values = standardized()[:N_TRAIN]
    indicators = np.eye(10)[LABELS[:N_TRAIN]]
    errors = []
    for alpha in ALPHAS:
        gram = values.T @ values + alpha * N_TRAIN * np.eye(values.shape[1])
        hat = values @ np.linalg.solve(gram, values.T) + 1 / N_TRAIN
        residuals = indicators - hat @ indicators
        errors.append(np.square(residuals).mean() / (1 - np.trace(hat) / N_TRAIN) ** 2)
    assert whole.alpha_ == ALPHAS[np.argmin(errors)]
    assert whole.gcv_error_ == pytest.approx(min(errors), rel=1e-3)


def test_blocks_in_any_order_give_the_same_model(whole):
    built = classifier.build(PATH, {}, seed=0, key="models.m")
    found = classifier.fit(built, VALUES, LABELS, np.arange(N_TRAIN), 100, seed=1)
    assert found.alpha_ == whole.alpha_
    # The scale is fitted to other held-out images.
    ratio = np.linalg.norm(found.coef_) / np.linalg.norm(whole.coef_)
    np.testing.assert_allclose(found.coef_, whole.coef_ * ratio, atol=2e-3 * np.abs(found.coef_).max())


def test_probabilities_are_calibrated(whole):
    proba = whole.predict_proba(VALUES[N_TRAIN:])
    labels = LABELS[N_TRAIN:]
    np.testing.assert_array_equal(proba.argmax(axis=1), whole.predict(VALUES[N_TRAIN:]))
    assert (proba.argmax(axis=1) == labels).mean() > 0.85
    scores = np.log(proba)
    losses = [log_loss(labels, softmax_of(scale * scores)) for scale in (0.5, 1, 2)]
    assert losses[1] == min(losses)


def softmax_of(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores)
    return shares / shares.sum(axis=1, keepdims=True)


def test_the_saved_model_is_small_and_predicts_the_same(whole):
    content = sklearn_objects.dumps(whole)
    assert len(content) < 3 * whole.coef_.nbytes + 10_000
    loaded = sklearn_objects.loads(content, PATH)
    np.testing.assert_array_equal(loaded.predict_proba(VALUES), whole.predict_proba(VALUES))
    assert classifier.n_parameters(loaded) == 650
    assert classifier.family_label(loaded) == "linear models"


def test_the_torch_module_has_equal_probabilities_and_zero_for_missing_classes():
    rows = np.flatnonzero(LABELS != 4)
    fitted = RidgeClosedForm([0.1]).fit(VALUES[rows], LABELS[rows])
    with torch.inference_mode():
        proba = SoftmaxRegression(fitted, 10)(torch.from_numpy(VALUES)).numpy()
    assert (proba[:, 4] == 0).all()
    np.testing.assert_allclose(np.delete(proba, 4, axis=1), fitted.predict_proba(VALUES), atol=1e-5)


@pytest.mark.parametrize("alphas", [[], [0.1, 0], [-1]])
def test_invalid_penalties_end_in_a_sentence(alphas):
    with pytest.raises(UserError, match=r"alphas must be numbers above 0"):
        classifier.build(PATH, {"alphas": alphas}, seed=0, key="models.m")
