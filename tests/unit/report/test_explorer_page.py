"""The explorer page: thumbnails, packed predictions and neighbours, and the map."""

import base64
import gzip
import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from cifarbench.report import embedding, explorer_neighbors
from cifarbench.report.embedding import embed, sample_rows
from cifarbench.report.explorer import (
    MAX_PIXELS,
    N_MATRIX_CLASSES,
    ExplorerData,
    ModelPredictions,
    matrix_classes,
    model_arrays,
    pack,
    render,
    thumbnail_sheets,
)
from cifarbench.report.explorer_neighbors import Neighbors, pack_neighbors, thumbnail_side

RNG = np.random.default_rng(0)


def smooth_images(n: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Return images of random gradients, which lossy compression hardly changes."""
    channels, height, width = shape
    ramp = np.linspace(0, 1, height)[:, None] + np.linspace(0, 1, width)
    scale = RNG.uniform(20, 120, size=(n, channels, 1, 1))
    return (scale * ramp).astype(np.uint8).reshape(n, -1)


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 20, 50), (3, 256, 256), (1, 1, 1)]
)
def test_thumbnails_show_their_images(shape):
    channels, height, width = shape
    images = smooth_images(30, shape)
    rows = np.array([29, 3, 17, 0])
    layout, sheets = thumbnail_sheets(images, rows, list(shape))
    assert max(layout["width"], layout["height"]) == min(MAX_PIXELS, max(height, width))
    (sheet,) = (np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB")) for sheet in sheets)
    for position, row in enumerate(rows):
        y, x = divmod(position, layout["columns"])
        top, left = y * layout["cellHeight"], x * layout["cellWidth"]
        shown = sheet[top : top + layout["height"], left : left + layout["width"]].astype(float)
        image = images[row].reshape(shape).transpose(1, 2, 0).astype(float)
        assert np.abs(shown.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 6
        # At the edge, WebP averages colours with those of the adjacent image.
        y, x = (-min(3, side) for side in shown.shape[:2])
        expected = Image.fromarray(
            image.astype(np.uint8)[..., 0] if channels == 1 else image.astype(np.uint8)
        )
        expected = np.asarray(expected.resize((layout["width"], layout["height"])).convert("RGB")).astype(
            float
        )
        assert np.abs(shown[y, x] - expected[y, x]).max() < 24


def test_many_images_are_divided_into_sheets():
    images = smooth_images(1300, (3, 64, 64))
    layout, sheets = thumbnail_sheets(images, np.arange(1300), [3, 64, 64])
    assert len(sheets) == 2 == -(-1300 // layout["perSheet"])
    assert all(max(Image.open(io.BytesIO(sheet)).size) <= 2048 for sheet in sheets)


def test_samples_are_stratified():
    labels = RNG.permutation(np.repeat([0, 1, 2], [600, 300, 1]))
    assert (sample_rows(labels, 0) == np.arange(901)).all()
    rows = sample_rows(labels, 0, max_images=90)
    assert len(rows) == len(set(rows.tolist())) == 90
    assert (np.diff(rows) > 0).all()
    counts = np.bincount(labels[rows])
    assert counts[2] == 1
    assert abs(counts[0] - 60) <= 1
    assert (rows == sample_rows(labels, 0, max_images=90)).all()
    assert (rows != sample_rows(labels, 1, max_images=90)).any()


def test_predictions_are_packed_and_read_back():
    proba = RNG.dirichlet(np.ones(30), size=50).astype(np.float32)
    predicted, labels = proba.argmax(axis=1), RNG.integers(0, 30, 50)
    arrays = model_arrays(ModelPredictions("m", predicted, proba), labels)
    entries, packed = pack({"first": np.arange(3, dtype=np.uint8), **arrays})
    content = gzip.decompress(packed)
    read = {
        entry["name"]: np.frombuffer(content, entry["type"], entry["length"], entry["offset"])
        for entry in entries
    }
    assert all(entry["offset"] % 8 == 0 for entry in entries)
    assert (read["predicted"] == predicted).all()
    np.testing.assert_allclose(read["confidence"] / 65535, proba.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(read["probaTrue"] / 65535, proba[np.arange(50), labels], atol=1e-5)
    top = -np.sort(-proba, axis=1)[:, :10]
    np.testing.assert_allclose(read["proba"].reshape(50, 10) / 65535, top, atol=1e-5)
    classes = read["classes"].reshape(50, 10).astype(int)
    np.testing.assert_allclose(np.take_along_axis(proba, classes, axis=1), top)
    assert model_arrays(ModelPredictions("m", predicted, None), labels).keys() == {"predicted"}


def test_the_matrix_of_many_classes_shows_those_with_the_most_errors():
    labels = np.arange(300)
    predicted = labels.copy()
    predicted[[7, 250]] = [8, 3]
    models = [ModelPredictions("m", predicted, None)]
    assert matrix_classes(labels, models, 100) == [*range(100)]
    chosen = matrix_classes(labels, models, 300)
    assert len(chosen) == N_MATRIX_CLASSES
    assert {3, 7, 8, 250} <= set(chosen)


def data(classes: list[str], shape: tuple[int, int, int], n: int, **more) -> ExplorerData:
    labels = np.arange(n) % len(classes)
    dataset = {
        "dataset": "drawn",
        "classes": classes,
        "image_shape": list(shape),
        "n_test": n,
        "n_train": 2 * n,
    }
    models = [ModelPredictions("m", labels, np.eye(len(classes), dtype=np.float32)[labels])]
    content = {"models": models, "failed": {}, "tables": {}, "paths": None, "embedding": None} | more
    train = {"train_pixels": smooth_images(2 * n, shape), "train_labels": np.arange(2 * n) % len(classes)}
    return ExplorerData(dataset, smooth_images(n, shape), np.arange(n), labels, **train, **content)


@pytest.mark.parametrize(("n_classes", "shape"), [(2, (1, 28, 28)), (100, (3, 32, 32)), (150, (3, 256, 256))])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_support_other_shapes_and_class_counts(n_classes, shape, language):
    page = render(data([f"class {n}" for n in range(n_classes)], shape, 300), language)
    meta = json.loads(re.search(r'(?s)id="meta">(.*?)</script>', page)[1])
    assert meta["nImages"] == 300
    assert len(meta["matrixClasses"]) == min(n_classes, 100) if n_classes <= 100 else 40
    assert f'<html lang="{language}">' in page
    assert 'id="map"' not in page


def test_user_names_are_escaped_and_the_policy_has_checksums_of_the_content():
    names = ["</script><script>alert(1)</script>", "<!--", "a & b", "x" * 100]
    page = render(data(names, (1, 8, 8), 12, paths={"test": [f"test/<b>/{n}.png" for n in range(12)]}), "en")
    meta = json.loads(re.search(r'(?s)id="meta">(.*?)</script>', page)[1])
    assert meta["classes"] == names
    assert meta["paths"][3] == "test/<b>/3.png"
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:;")
    for element, pattern in (
        ("style", r"(?s)<style>(.*?)</style>"),
        ("script", r'(?s)"module">(.*?)</script>'),
    ):
        (content,) = re.findall(pattern, page)
        checksum = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{checksum}'" in policy


def test_neighbours_of_several_models_are_packed_and_read_back(monkeypatch):
    first, second = (
        Neighbors(RNG.integers(0, 1000, (20, k)), np.sort(RNG.random((20, k)), axis=1), n_voting=k)
        for k in (3, 7)
    )
    rows, arrays, facts = pack_neighbors({1: first, 4: second})
    for number, model in ((1, first), (4, second)):
        shape = model.rows.shape
        np.testing.assert_array_equal(rows[arrays[f"{number}/neighbors"]].reshape(shape), model.rows)
        distances = arrays[f"{number}/distances"].reshape(shape) / 65535 * facts[number]["farthest"]
        np.testing.assert_allclose(distances, model.distances, atol=1e-5)
    # The limit applies to all models together, so that fewer neighbours of each image are packed.
    monkeypatch.setattr(explorer_neighbors, "MAX_NEIGHBORS", 160)
    rows, arrays, facts = pack_neighbors({1: first, 4: second})
    assert [facts[number]["shown"] for number in (1, 4)] == [3, 4]
    np.testing.assert_array_equal(rows[arrays["4/neighbors"]].reshape(20, 4), second.rows[:, :4])


def test_thumbnails_are_smaller_for_more_training_images():
    sides = [thumbnail_side(n) for n in (1, 5_000, 20_000, 62_500, 62_501)]
    assert sides == [64, 40, 20, 12, None]


def test_the_map_separates_clusters_and_is_reproducible(monkeypatch):
    group = np.repeat(np.arange(3), 40)
    features = np.eye(3)[group] * 20 + RNG.normal(size=(120, 3))
    first, method = embed(features, seed=0)
    again, _ = embed(features, seed=0)
    assert method == "t-SNE"
    assert (first == again).all()
    assert first.dtype == np.float32
    assert (first.min(axis=0), first.max(axis=0)) == (pytest.approx([0, 0]), pytest.approx([1, 1]))
    distance = np.linalg.norm(first[:, None] - first, axis=2) + np.eye(120) * 9
    assert (group[distance.argmin(axis=1)] == group).mean() > 0.95
    monkeypatch.setattr(embedding, "MAX_TSNE_IMAGES", 100)
    assert embed(features, seed=0)[1] == "PCA"


@pytest.mark.parametrize("features", [np.ones((5, 1)), np.zeros((40, 3, 3), np.uint8), np.ones((1, 4))])
def test_the_map_supports_few_or_equal_images(features):
    coordinates, _ = embed(features, seed=0)
    assert coordinates.shape == (len(features), 2)
    assert np.isfinite(coordinates).all()
