"""Reading Parquet files as written by the `datasets` library of the Hugging Face hub."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from cifarbench.data.datasets import load_dataset
from cifarbench.errors import UserError

NAMES = ["ant", "bee", "cow"]
ENTRY = {"type": "parquet", "n_train": 9, "n_test": 6, "n_classes": 3, "image_shape": [3, 4, 5]}
FEATURES = {"img": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}


def png_image(random: np.random.Generator, shape: tuple[int, int] = (4, 5)) -> tuple[bytes, np.ndarray]:
    pixels = random.integers(0, 256, (*shape, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), pixels


def write(path: Path, contents: list[Any], labels: dict[str, list], features: Any = FEATURES) -> None:
    """Write a shard: a struct of bytes and path, columns of labels, and the hub's metadata."""
    pictures = pa.array(
        [None if one is None else {"bytes": one, "path": f"{i}.png"} for i, one in enumerate(contents)],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    columns = {name: pa.array(values, pa.int64()) for name, values in labels.items()}
    table = pa.table({"img": pictures} | columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two training shards and a test shard, as in the hub's cifar10."""
    random = np.random.default_rng(0)
    for name, rows in (("train-00000-of-00002", 5), ("train-00001-of-00002", 4), ("test-00000-of-00001", 6)):
        found = [png_image(random) for _ in range(rows)]
        np.save(tmp_path / f"{name}.npy", np.stack([pixels for _, pixels in found]))
        labels = {"label": [row % 3 for row in range(rows)]}
        write(tmp_path / f"hub/plain_text/{name}.parquet", [content for content, _ in found], labels)
    return tmp_path / "hub"


def test_shards_are_read_in_order(folder):
    dataset = load_dataset(folder, ENTRY)
    expected = [np.load(folder.parent / f"train-0000{number}-of-00002.npy") for number in (0, 1)]
    images = dataset.train_images.reshape(9, 3, 4, 5).transpose(0, 2, 3, 1)
    assert np.array_equal(images, np.concatenate(expected))
    assert dataset.train_labels.tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 0]
    assert dataset.classes == NAMES
    assert dataset.test_images.shape == (6, 60)


def test_labels_selects_one_of_several_columns(tmp_path):
    random = np.random.default_rng(0)
    features = {"img": {"_type": "Image"}, "fine_label": {"names": NAMES, "_type": "ClassLabel"}}
    features["coarse_label"] = {"names": ["insect", "mammal"], "_type": "ClassLabel"}
    for part, rows in (("train", 9), ("test", 6)):
        fine = [row % 3 for row in range(rows)]
        labels = {"fine_label": fine, "coarse_label": [one // 2 for one in fine]}
        contents = [png_image(random)[0] for _ in range(rows)]
        write(tmp_path / f"{part}-00000-of-00001.parquet", contents, labels, features)
    dataset = load_dataset(tmp_path, ENTRY | {"n_classes": 2, "labels": "coarse_label"})
    assert dataset.classes == ["insect", "mammal"]
    assert dataset.test_labels.tolist() == [0, 0, 1, 0, 0, 1]
    with pytest.raises(UserError, match="these columns of class labels: fine_label, coarse_label; name one"):
        load_dataset(tmp_path, ENTRY)


def shard(folder: Path) -> Path:
    return folder / "plain_text/test-00000-of-00001.parquet"


IMAGE = {"img": {"_type": "Image"}}
INTEGERS = {"id": {"_type": "Value"}, "label": {"_type": "Value", "dtype": "int64"}}
NUMBERS = FEATURES | {"label": {"_type": "ClassLabel"}}
OTHER_CLASSES = FEATURES | {"label": {"names": ["x"], "_type": "ClassLabel"}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"labels": [0, 1, 2, 0, 1, 7]}, "has the label 7 at position 5; expected whole numbers from 0 to 2"),
        ({"labels": [0, 1, 2, 0, 1, None]}, "has the label None at position 5"),
        ({"labels": [0, 1, 2, 0, 1, -1]}, r"/hub/.*-1 at position 5.* -1 marks images without a label"),
        ({"features": None}, "does not describe its columns"),
        ({"features": {"label": FEATURES["label"]}}, "has 0 columns of images; expected 1"),
        ({"features": IMAGE}, "columns of class labels: nothing; use a dataset that has one"),
        (
            {"features": IMAGE | INTEGERS},
            r'label \(Value, not ClassLabel\); convert it with ds.cast_column\("label"',
        ),
        ({"features": NUMBERS}, "not name the classes of its column label"),
        ({"features": OTHER_CLASSES}, "names other classes than"),
        ({"contents": [None] * 6}, "row 0 has no image in it"),
        ({"contents": [b"no image"] * 6}, r"row 0 can't be read as an image \(it is none of PNG.*\)"),
    ],
)
def test_wrong_shards_are_refused(folder, changed, sentence):
    random = np.random.default_rng(1)
    contents = changed.get("contents") or [png_image(random)[0] for _ in range(6)]
    labels = {"label": changed.get("labels", [0, 1, 2] * 2)}
    write(shard(folder), contents, labels, changed.get("features", FEATURES))
    with pytest.raises(UserError, match=sentence):
        load_dataset(folder, ENTRY)


def test_images_of_another_size_are_resized(folder):
    random = np.random.default_rng(1)
    write(shard(folder), [png_image(random, (8, 10))[0] for _ in range(6)], {"label": [0, 1, 2] * 2})
    with pytest.raises(
        UserError, match="row 0 is 10 x 8 pixels, not 5 x 4 as image_shape declares; set resize"
    ):
        load_dataset(folder, ENTRY)
    assert load_dataset(folder, ENTRY | {"resize": True}).test_images.shape == (6, 60)


def test_more_or_fewer_rows_than_declared_are_refused(folder):
    with pytest.raises(UserError, match=r"has more than 8 rows in train\*.parquet, as n_train declares"):
        load_dataset(folder, ENTRY | {"n_train": 8})
    with pytest.raises(UserError, match=r"has 6 rows in test\*.parquet; expected 7, as n_test declares"):
        load_dataset(folder, ENTRY | {"n_test": 7})


def corrupt(path: Path) -> None:
    """Overwrite a part of the images."""
    content = path.read_bytes()
    path.write_bytes(content[:200] + b"\0" * 300 + content[500:])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"PAR1"), "can't be read as Parquet"),
        (lambda path: path.unlink(), r"has no test\*.parquet"),
        (corrupt, r"test-00000-of-00001\.parquet"),
    ],
)
def test_corrupt_and_missing_files_are_refused(folder, spoil, message):
    spoil(shard(folder))
    with pytest.raises(UserError, match=message):
        load_dataset(folder, ENTRY)
