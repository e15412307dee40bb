"""Predictions for image files, ONNX files and model cards of models of every family."""

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import yaml
from huggingface_hub import ModelCard
from PIL import Image
from test_own_models import LAYERS, SMALL

import export_model
from cifarbench.cli import predict
from helpers.pretrained import fill_hub_cache
from helpers.project import Project
from helpers.tiny import SHAPE

OWN = yaml.safe_load("""
features:
  edges: {type: hog, pixels_per_cell: 2, cells_per_block: 1}
  strokes: {type: patches, n_patches: 8, patch_size: 2}
  apart: {type: lda, features: strokes}
  both_views: {type: patches, n_patches: 8, patch_size: 2, mirror: true}
  white: {type: whitening}
  seen: {type: pretrained, backbone: timm.test_vit}
  scaled: {type: transformer, features: white, transformer: sklearn.preprocessing.StandardScaler}
models:
  knn_apart: {family: knn, features: apart, n_neighbors: 3}
  knn_grid: {tune: {folds: 2, grid: {n_components: [2, 4], n_neighbors: [1, 3]}}}
  knn_cosine: {family: knn, features: white, n_neighbors: 3, metric: cosine, weights: distance}
  logistic: {family: estimator, features: scaled, estimator: sklearn.linear_model.LogisticRegression}
  svm: {family: estimator, features: pca, estimator: sklearn.svm.LinearSVC}
  ridge:
    family: estimator
    features: both_views
    estimator: cifarbench.models.estimators.ridge.RidgeClosedForm
    batch_size: 16
  knn_seen: {family: knn, features: seen, n_neighbors: 3}
  svm_edges: {family: estimator, features: edges, estimator: sklearn.svm.LinearSVC}
  convnet: {family: convnet, channels: [4], tta_flip: true, epochs: 2, learning_rate: 0.05, batch_size: 16}
  small: {family: network, module: "my_models/small.py:Small", epochs: 2, learning_rate: 0.05, batch_size: 16}
""")
MODELS = [*OWN["models"], "mlp_batchnorm_dropout"]
CARDS = ("svm", "small", "knn_seen")
TARGETS = ("export/svm.onnx", *(f"export/{model}.model_card.md" for model in CARDS))
# HOG features have no ONNX export.
NOT_EXPORTABLE = "svm_edges"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, overlay: dict) -> Project:
    """A run with models of every family on features that need no download, and with the exports of `TARGETS`."""
    project = Project.create(tmp_path_factory.mktemp("export") / "study", overlay)
    (project.folder / "my_models").mkdir()
    (project.folder / "my_models/small.py").write_text(SMALL)
    (project.folder / "my_models/layers.py").write_text(LAYERS)
    project.configure(
        lambda settings: settings.update(
            compare=MODELS,
            features=settings["features"] | OWN["features"],
            models=settings["models"] | OWN["models"],
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(fill_hub_cache(project.folder / "hub")))
        project.succeed(targets=TARGETS)
    return project


@pytest.fixture(scope="module")
def image_folder(study: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test images as PNG files."""
    folder = tmp_path_factory.mktemp("pictures")
    for row, pixels in enumerate(load_test_images(study)):
        Image.fromarray(pixels.reshape(SHAPE).transpose(1, 2, 0)).save(folder / f"{row:03}.png")
    return folder


def predict_options(study: Project, image_folder: Path) -> list[str]:
    return ["--results", f"results/{study.dataset}", "--images", str(image_folder)]


def load_test_images(study: Project) -> np.ndarray:
    return np.load(study.results / "data/test_images.npy")


def predictions(study: Project, model: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(study.results / f"models/{model}/predictions.npz") as found:
        return found["y_pred"], found["proba"]


@pytest.mark.parametrize("model", MODELS)
def test_predict_on_test_images_equals_study_predictions(study, image_folder, tmp_path, monkeypatch, model):
    # Paths of user code are relative to this folder.
    monkeypatch.chdir(study.folder)
    predict.main(study.results, image_folder, model, out=str(tmp_path))
    y_pred, proba = predictions(study, model)
    classes = json.loads((study.results / "data/dataset.json").read_text())["classes"]
    with open(tmp_path / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{row:03}.png" for row in range(len(y_pred))]
    assert [row["class"] for row in rows] == [classes[label] for label in y_pred]
    if json.loads((study.results / f"models/{model}/fit.json").read_text())["has_probabilities"]:
        given = np.array([row["probability"] for row in rows], np.float32)
        assert np.array_equal(given, proba[np.arange(len(y_pred)), y_pred])
        assert sum(row["unknown"] == "True" for row in rows) <= len(rows) // 20
    else:
        assert {row["probability"] for row in rows} == {""}
    page = (tmp_path / "predictions.html").read_text()
    assert ("its nearest training images" in page) == model.startswith("knn")


@pytest.mark.parametrize("model", [model for model in MODELS if model != NOT_EXPORTABLE])
def test_onnx_predictions_equal_study_predictions(study, tmp_path, monkeypatch, model):
    monkeypatch.chdir(study.folder)
    onnx, parity = tmp_path / "model.onnx", tmp_path / "parity.json"
    export_model.main(
        SimpleNamespace(
            input=SimpleNamespace(files=[study.results / "data/dataset.json"]),
            output=SimpleNamespace(onnx=onnx, parity=parity),
            options={"model": model},
        )
    )
    session = onnxruntime.InferenceSession(onnx)
    images = load_test_images(study).reshape(-1, *SHAPE)
    probabilities, classes = session.run(["probabilities", "class"], {"pixels": images})
    y_pred, proba = predictions(study, model)
    record = json.loads(parity.read_text())
    ambiguous = [tie["image"] for tie in record["ambiguous"]]
    unambiguous = np.setdiff1d(np.arange(len(images)), ambiguous)
    # One of twenty test images may have neighbours whose order is ambiguous in float32.
    assert len(ambiguous) <= 1
    assert np.array_equal(classes[unambiguous], y_pred[unambiguous])
    np.testing.assert_allclose(probabilities[unambiguous], proba[unambiguous], atol=1e-5, rtol=0)
    assert record["n_images"] == len(images)
    # The batch size does not change the probabilities.
    alone, _ = session.run(["probabilities", "class"], {"pixels": images[:1]})
    np.testing.assert_allclose(alone[0], probabilities[0], atol=1e-5, rtol=0)


def test_unsupported_features_are_refused_without_a_file(study):
    answer = study.run(targets=(f"export/{NOT_EXPORTABLE}.onnx",))
    assert answer.code != 0
    assert "features of the type hog cannot be exported to ONNX" in answer.text
    assert "Traceback" not in answer.text
    assert not (study.results / f"export/{NOT_EXPORTABLE}.onnx").exists()


def test_a_second_export_has_nothing_to_do(study):
    assert study.would_run(targets=TARGETS) == set()


@pytest.mark.parametrize("model", CARDS)
def test_a_model_card_is_valid_for_the_hub(study, model):
    text = (study.results / f"export/{model}.model_card.md").read_text()
    metrics = json.loads((study.results / f"models/{model}/metrics.json").read_text())
    about = ModelCard(text, ignore_metadata_errors=False).data
    assert about.pipeline_tag == "image-classification"
    (result, _) = about.eval_results
    assert (result.metric_type, result.metric_value) == ("accuracy", metrics["accuracy"])
    assert f"{metrics['accuracy']:.3f}" in text
    sha256 = json.loads((study.results / "data/dataset.json").read_text())["archive"]["sha256"]
    assert sha256 in text
    assert ("gives no probabilities" in text) == (model == "svm")
    weights = "`timm.test_vit.r160_in1k`, with the weights `https://huggingface.co/timm/test_vit.r160_in1k/resolve/main/"
    assert (weights in text and "Licence of the weights: apache-2.0." in text) == (model == "knn_seen")


def test_predict_uses_the_most_accurate_model_by_default(study, image_folder):
    answer = study.cifarbench("predict", *predict_options(study, image_folder))
    assert answer.code == 0, answer.text
    assert re.search("is the most accurate|has the highest accuracy", answer.text)
    folder = study.results / "predicted" / image_folder.name
    assert sorted(path.name for path in folder.iterdir()) == ["predictions.csv", "predictions.html"]


def test_an_unknown_model_is_refused(study, image_folder):
    answer = study.cifarbench("predict", *predict_options(study, image_folder), "--model", "oracle")
    assert answer.code == 1
    assert answer.text.startswith("Error: ")
    assert "name one of convnet, knn_apart" in answer.text
