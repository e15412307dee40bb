"""Predictions of a saved model and of its ONNX file."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from cifarbench.errors import UserError
from cifarbench.export.inference_model import InferenceModel
from cifarbench.export.onnx_export import to_onnx
from cifarbench.export.onnx_validate import make_session, validate_onnx
from cifarbench.io.atomic import write_json
from cifarbench.models.knn import predictor as neighbors
from cifarbench.models.networks.factory import load
from cifarbench.models.networks.preprocessing import preprocess
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.failures import Failure
from helpers.small_model import NEIGHBORS, PERCEPTRON, pixels_of, write_model

KNN_PARAMS = [
    NEIGHBORS | {"metric": metric, "weights": weights}
    for metric in ("euclidean", "cosine")
    for weights in ("uniform", "distance")
]


@pytest.mark.parametrize("params", KNN_PARAMS, ids=lambda params: f"{params['metric']} {params['weights']}")
@pytest.mark.parametrize("channels", [1, 3])
def test_knn_in_onnx_equals_the_model(tmp_path, params, channels):
    model = InferenceModel(write_model(tmp_path, "knn", params, channels))
    pixels = pixels_of(model.stored)
    study = model.predict(pixels)
    session = make_session(to_onnx(model, {}).SerializeToString())
    parity = validate_onnx(session, model, pixels, study.y_pred, study.proba)
    assert parity["n_images"] == len(pixels)
    assert parity["max_abs_diff"] <= 1e-5
    assert len(parity["ambiguous"]) <= 1
    assert study.neighbors.shape == (len(pixels), 3)


def test_training_images_count_as_ties(tmp_path):
    """At distance 0, the vote weights depend on the rounding of float32."""
    model = InferenceModel(write_model(tmp_path, "knn", NEIGHBORS | {"weights": "distance"}))
    images = np.asarray(model.stored.train_inputs())[:20]
    assert (model.predict(images).proba.max(axis=1) == 1).all()
    assert model.predictor.tied(images).all()


def test_network_predicts_in_evaluation_mode(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    pixels = pixels_of(stored)[:1]
    network = load(stored.file("network.safetensors"), PERCEPTRON, (1, 8, 8), 10).eval()
    with torch.inference_mode():
        expected = network(preprocess(torch.from_numpy(pixels).reshape(1, 1, 8, 8))).softmax(1)
    np.testing.assert_allclose(InferenceModel(stored).predict(pixels).proba, expected, rtol=1e-6)


def test_file_with_other_weights_is_refused(tmp_path):
    model = InferenceModel(write_model(tmp_path, "networks", PERCEPTRON))
    pixels = pixels_of(model.stored)
    study = model.predict(pixels)
    content = to_onnx(model, {})
    weights = max(content.graph.initializer, key=lambda one: np.prod(one.dims))
    changed = numpy_helper.from_array(numpy_helper.to_array(weights) * 1.01, weights.name)
    weights.CopyFrom(changed)
    with pytest.raises(UserError, match=r"not exported: its ONNX file differs on \d+ of 100"):
        validate_onnx(make_session(content.SerializeToString()), model, pixels, study.y_pred, study.proba)


def test_equally_likely_classes_are_listed_as_ties(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    model = InferenceModel(stored)
    pixels = pixels_of(stored)[:5]
    # Two classes with equal weights.
    last = [layer for layer in model.predictor.network.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        last.weight[:2], last.bias[:2] = last.weight[0].clone(), 50.0
    study = model.predict(pixels)
    session = make_session(to_onnx(model, {}).SerializeToString())
    parity = validate_onnx(session, model, pixels, 1 - study.y_pred, study.proba)
    assert [tie["image"] for tie in parity["ambiguous"]] == [0, 1, 2, 3, 4]
    assert parity["n_equal"] == 0


def test_too_large_knn_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(neighbors, "MAX_BYTES", 50_000)
    model = InferenceModel(write_model(tmp_path, "knn", NEIGHBORS))
    with pytest.raises(UserError, match="stores all 300 training images, 0 MB; a file of at most 0 MB"):
        to_onnx(model, {})


def test_unsupported_layer_is_refused(tmp_path):
    class Odd(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.linalg.eigvalsh(images[:, 0].float())[:, :1].expand(-1, 10)

    model = InferenceModel(write_model(tmp_path, "networks", PERCEPTRON))
    model.predictor.network = Odd()
    with pytest.raises(UserError, match="can't be exported: ONNX has no operators for one of its layers"):
        to_onnx(model, {})


def test_missing_and_failed_models_are_refused(tmp_path):
    with pytest.raises(UserError, match="has no fitted model; run the experiment first"):
        SavedModel.read(tmp_path, "model")
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    with pytest.raises(UserError, match="name one of model, or run the experiment"):
        SavedModel.read(tmp_path, "other")
    stored.file("network.safetensors").unlink()
    with pytest.raises(UserError, match=r"network.safetensors does not exist; run the experiment again"):
        InferenceModel(stored)
    Failure("model", "train_network", "it broke", "log").write(tmp_path / "models/model/fit.json")
    with pytest.raises(UserError, match="model failed in train_network: it broke; name another model"):
        SavedModel.read(tmp_path, "model")


def test_older_results_and_families_without_predictor_are_refused(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    fit = stored.fit | {"inference": stored.fit["inference"] | {"package": "tuning"}}
    with pytest.raises(UserError, match=r"belongs to the package models.tuning, which has no predictor.py"):
        InferenceModel(replace(stored, fit=fit))
    write_json(tmp_path / "models/model/fit.json", {"model": "model"})
    with pytest.raises(UserError, match="written by an older version"):
        SavedModel.read(tmp_path, "model")
