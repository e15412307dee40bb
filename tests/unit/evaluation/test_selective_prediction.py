"""Risk-coverage curves of selective prediction."""

import numpy as np
import pytest

from cifarbench.evaluation.selective_prediction import risk_coverage


def proba(confidence: list[float] | np.ndarray) -> np.ndarray:
    confidence = np.asarray(confidence)
    return np.stack([confidence, 1 - confidence], axis=1)


def test_the_area_equals_a_manual_computation():
    found = risk_coverage(np.array([True, False, True, True]), proba([0.9, 0.6, 0.8, 0.7]))
    # By descending confidence, only the last image is wrong: risks 0, 0, 0, 1/4.
    assert found["aurc"] == pytest.approx(1 / 16)
    assert found["accuracy_at_coverage"] == {"0.5": 1.0, "0.8": 1.0, "0.9": 0.75}
    assert found["curve"]["coverage"] == [0.25, 0.5, 0.75, 1.0]
    assert found["curve"]["risk"] == pytest.approx([0, 0, 0, 0.25])


def test_the_area_of_uninformative_confidence_is_the_error_rate():
    correct = np.array([True, False, False, True, True])
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 2, 0, 3, 4]):
        assert risk_coverage(correct[order], proba([0.7] * 5))["aurc"] == pytest.approx(0.4)
