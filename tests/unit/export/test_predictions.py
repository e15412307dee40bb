"""Predictions of a folder's images: the table and the page, and the threshold of unknown images."""

from dataclasses import replace

import numpy as np
import pytest

from cifarbench.export.inference_images import LoadedImages
from cifarbench.export.predictions import prediction_rows, unknown_threshold, write_predictions_html
from cifarbench.models.outputs import write_predictions
from cifarbench.models.saved_model import Predictions
from helpers.small_model import NEIGHBORS, pixels_of, write_model


def proba_of(confidence: np.ndarray) -> np.ndarray:
    """Return probabilities with the given confidence in the first class."""
    rest = np.repeat((1 - confidence)[:, None] / 9, 9, axis=1)
    return np.hstack([confidence[:, None], rest]).astype(np.float32)


@pytest.fixture
def stored(tmp_path):
    """Write a model whose test predictions have the confidences 0.5, 0.505, ..., 0.995 in random order."""
    model = write_model(tmp_path, "knn", NEIGHBORS)
    confidence = np.random.default_rng(0).permutation(np.arange(0.5, 1, 0.005))
    write_predictions(tmp_path / "models/model/predictions.npz", np.zeros(100, int), proba_of(confidence))
    return model


def test_five_percent_of_the_test_images_are_unknown(stored):
    threshold = unknown_threshold(stored)
    assert threshold == pytest.approx(0.525)
    proba = np.load(stored.file("predictions.npz"))["proba"]
    rows = prediction_rows([""] * 100, Predictions(np.zeros(100, int), proba), stored, threshold)
    assert sum(row["unknown"] for row in rows) == 5


def test_new_images_are_compared_with_the_same_threshold(stored, tmp_path):
    predicted = Predictions(np.zeros(3, int), proba_of(np.array([0.9, 0.52, 0.53])))
    threshold = unknown_threshold(stored)
    rows = prediction_rows(["a.png", "b.png", "c.png"], predicted, stored, threshold)
    assert [row["unknown"] for row in rows] == [False, True, False]
    images = LoadedImages(["a.png", "b.png", "c.png"], pixels_of(stored)[:3])
    write_predictions_html(tmp_path / "page.html", images, rows, None, stored, [], threshold)
    page = (tmp_path / "page.html").read_text()
    assert page.count('class="unknown">unknown<') == 1 and "a probability below 52.5%" in page


def test_no_image_is_unknown_without_probabilities(stored, tmp_path):
    stored = replace(stored, fit=stored.fit | {"has_probabilities": False})
    assert unknown_threshold(stored) is None
    predicted = Predictions(np.zeros(1, int), proba_of(np.array([1.0])))
    rows = prediction_rows(["a.png"], predicted, stored, None)
    assert rows[0]["unknown"] is None
    images = LoadedImages(["a.png"], pixels_of(stored)[:1])
    write_predictions_html(tmp_path / "page.html", images, rows, None, stored, [])
    assert 'class="unknown"' not in (tmp_path / "page.html").read_text()
