"""A stored model asked again, and its ONNX file held against what it answers."""

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

EVERY_VOTE = [
    NEIGHBORS | {"metric": metric, "weights": weights}
    for metric in ("euclidean", "cosine")
    for weights in ("uniform", "distance")
]


@pytest.mark.parametrize("params", EVERY_VOTE, ids=lambda params: f"{params['metric']} {params['weights']}")
@pytest.mark.parametrize("channels", [1, 3])
def test_neighbours_in_onnx_vote_as_they_do(tmp_path, params, channels):
    model = InferenceModel(write_model(tmp_path, "knn", params, channels))
    pixels = pixels_of(model.stored)
    study = model.predict(pixels)
    found = validate_onnx(
        make_session(to_onnx(model, {}).SerializeToString()), model, pixels, study.y_pred, study.proba
    )
    assert found["n_images"] == len(pixels)
    assert found["max_abs_diff"] <= 1e-5
    assert len(found["ambiguous"]) <= 1
    assert study.neighbors.shape == (len(pixels), 3)


def test_images_that_the_neighbours_know_already_silence_the_others(tmp_path):
    """At no distance, all depends on how float32 rounds: such images may differ, and count as ties."""
    model = InferenceModel(write_model(tmp_path, "knn", NEIGHBORS | {"weights": "distance"}))
    known = np.asarray(model.stored.train_inputs())[:20]
    study = model.predict(known)
    assert (study.proba.max(axis=1) == 1).all()
    assert model.predictor.tied(known).all()


def test_a_network_is_asked_with_its_running_averages(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    pixels = pixels_of(stored)[:1]
    network = load(stored.file("network.safetensors"), PERCEPTRON, (1, 8, 8), 10).eval()
    with torch.inference_mode():
        expected = network(preprocess(torch.from_numpy(pixels).reshape(1, 1, 8, 8))).softmax(1)
    # One image alone would fail in training: batch norm can't normalise it.
    np.testing.assert_allclose(InferenceModel(stored).predict(pixels).proba, expected, rtol=1e-6)


def test_a_file_with_other_weights_is_refused(tmp_path):
    model = InferenceModel(write_model(tmp_path, "networks", PERCEPTRON))
    pixels = pixels_of(model.stored)
    study = model.predict(pixels)
    content = to_onnx(model, {})
    weights = max(content.graph.initializer, key=lambda one: np.prod(one.dims))
    changed = numpy_helper.from_array(numpy_helper.to_array(weights) * 1.01, weights.name)
    weights.CopyFrom(changed)
    with pytest.raises(UserError, match=r"not exported: its ONNX file answers otherwise for \d+ of 100"):
        validate_onnx(make_session(content.SerializeToString()), model, pixels, study.y_pred, study.proba)


def test_classes_that_are_equally_likely_are_listed_as_ties(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    model = InferenceModel(stored)
    pixels = pixels_of(stored)[:5]
    # Two classes of the same weights: which of them is named is a matter of the last digit.
    last = [layer for layer in model.predictor.network.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        last.weight[:2], last.bias[:2] = last.weight[0].clone(), 50.0
    study = model.predict(pixels)
    other = 1 - study.y_pred
    found = validate_onnx(
        make_session(to_onnx(model, {}).SerializeToString()), model, pixels, other, study.proba
    )
    assert [tie["image"] for tie in found["ambiguous"]] == [0, 1, 2, 3, 4]
    assert found["n_equal"] == 0


def test_neighbours_that_keep_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(neighbors, "MAX_BYTES", 50_000)
    model = InferenceModel(write_model(tmp_path, "knn", NEIGHBORS))
    with pytest.raises(UserError, match="keeps all its 300 training images, 0 MB; a file of at most 0 MB"):
        to_onnx(model, {})


def test_a_layer_that_onnx_does_not_know_ends_in_a_sentence(tmp_path):
    class Odd(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.linalg.eigvalsh(images[:, 0].float())[:, :1].expand(-1, 10)

    model = InferenceModel(write_model(tmp_path, "networks", PERCEPTRON))
    model.predictor.network = Odd()
    with pytest.raises(
        UserError, match="can't be exported: there are no words in ONNX for one of its layers"
    ):
        to_onnx(model, {})


def test_a_model_that_is_not_there_or_has_failed_is_told_of(tmp_path):
    with pytest.raises(UserError, match="holds no fitted model; run the study first"):
        SavedModel.read(tmp_path, "model")
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    with pytest.raises(UserError, match="name one of model, or run the study"):
        SavedModel.read(tmp_path, "other")
    stored.file("network.safetensors").unlink()
    with pytest.raises(UserError, match=r"network.safetensors is not there; run the study again"):
        InferenceModel(stored)
    Failure("model", "train_network", "it broke", "log").write(tmp_path / "models/model/fit.json")
    with pytest.raises(UserError, match="model failed in train_network: it broke; name another model"):
        SavedModel.read(tmp_path, "model")


def test_results_of_an_older_version_and_rooms_without_a_predictor_are_told_of(tmp_path):
    stored = write_model(tmp_path, "networks", PERCEPTRON)
    fit = stored.fit | {"inference": stored.fit["inference"] | {"package": "tuning"}}
    with pytest.raises(UserError, match=r"belongs to the package models.tuning, which has no predictor.py"):
        InferenceModel(replace(stored, fit=fit))
    write_json(tmp_path / "models/model/fit.json", {"model": "model"})
    with pytest.raises(UserError, match="is of an older version"):
        SavedModel.read(tmp_path, "model")
