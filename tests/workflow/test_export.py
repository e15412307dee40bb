"""What is taken along of a model: its answers about pictures, its ONNX file, its page, its card; of every family."""

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
# Nobody has said these features in ONNX's words.
UNSAYABLE = "svm_edges"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, overlay: dict) -> Project:
    """Models of every family, on features of every kind that needs no download; two of them exported by the rules."""
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
def pictures(study: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test images as PNG."""
    folder = tmp_path_factory.mktemp("pictures")
    for row, pixels in enumerate(images_of(study)):
        Image.fromarray(pixels.reshape(SHAPE).transpose(1, 2, 0)).save(folder / f"{row:03}.png")
    return folder


def asked(study: Project, pictures: Path) -> list[str]:
    return ["--results", f"results/{study.dataset}", "--images", str(pictures)]


def images_of(study: Project) -> np.ndarray:
    return np.load(study.results / "data/test_images.npy")


def predictions(study: Project, model: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(study.results / f"models/{model}/predictions.npz") as found:
        return found["y_pred"], found["proba"]


@pytest.mark.parametrize("model", MODELS)
def test_pictures_of_the_test_set_get_exactly_the_study_s_answers(
    study, pictures, tmp_path, monkeypatch, model
):
    # Where the configuration looks for files of one's own.
    monkeypatch.chdir(study.folder)
    predict.main(study.results, pictures, model, out=str(tmp_path))
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


@pytest.mark.parametrize("model", [model for model in MODELS if model != UNSAYABLE])
def test_an_exported_file_answers_as_the_study_did(study, tmp_path, monkeypatch, model):
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
    images = images_of(study).reshape(-1, *SHAPE)
    probabilities, classes = session.run(["probabilities", "class"], {"pixels": images})
    y_pred, proba = predictions(study, model)
    record = json.loads(parity.read_text())
    tied = [tie["image"] for tie in record["ambiguous"]]
    kept = np.setdiff1d(np.arange(len(images)), tied)
    # One of twenty test images may lie where float32 can't tell who is near.
    assert len(tied) <= 1
    assert np.array_equal(classes[kept], y_pred[kept])
    np.testing.assert_allclose(probabilities[kept], proba[kept], atol=1e-5, rtol=0)
    assert record["n_images"] == len(images)
    # Whatever the size of the batch.
    alone, _ = session.run(["probabilities", "class"], {"pixels": images[:1]})
    np.testing.assert_allclose(alone[0], probabilities[0], atol=1e-5, rtol=0)


def test_what_onnx_can_t_say_ends_in_a_sentence_and_no_file(study):
    answer = study.run(targets=(f"export/{UNSAYABLE}.onnx",))
    assert answer.code != 0
    assert "features of the type hog cannot be exported to ONNX" in answer.text
    assert "Traceback" not in answer.text
    assert not (study.results / f"export/{UNSAYABLE}.onnx").exists()


def test_a_second_export_has_nothing_to_do(study):
    assert study.would_run(targets=TARGETS) == set()


@pytest.mark.parametrize("model", CARDS)
def test_a_card_is_what_the_hub_reads(study, model):
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


def test_without_a_name_the_best_is_asked_and_of_equals_the_fastest(study, pictures):
    answer = study.cifarbench("predict", *asked(study, pictures))
    assert answer.code == 0, answer.text
    assert re.search("is the most accurate|has the highest accuracy", answer.text)
    place = study.results / "predicted" / pictures.name
    assert sorted(path.name for path in place.iterdir()) == ["predictions.csv", "predictions.html"]


def test_a_model_that_is_not_there_is_told_of(study, pictures):
    answer = study.cifarbench("predict", *asked(study, pictures), "--model", "oracle")
    assert answer.code == 1
    assert answer.text.startswith("Error: ")
    assert "name one of convnet, knn_apart" in answer.text
