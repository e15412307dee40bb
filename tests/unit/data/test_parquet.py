"""Images in Parquet, in files as the hub's library writes them."""

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


def picture(random: np.random.Generator, shape: tuple[int, int] = (4, 5)) -> tuple[bytes, np.ndarray]:
    pixels = random.integers(0, 256, (*shape, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), pixels


def write(path: Path, contents: list[Any], labels: dict[str, list], features: Any = FEATURES) -> None:
    """A shard: a struct of bytes and path, columns of classes, and the hub's metadata."""
    pictures = pa.array(
        [None if one is None else {"bytes": one, "path": f"{i}.png"} for i, one in enumerate(contents)],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    table = pa.table(
        {"img": pictures} | {name: pa.array(values, pa.int64()) for name, values in labels.items()}
    )
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two shards to train with, and one to test with, as `plain_text/` of the hub's cifar10."""
    random = np.random.default_rng(0)
    for name, rows in (("train-00000-of-00002", 5), ("train-00001-of-00002", 4), ("test-00000-of-00001", 6)):
        found = [picture(random) for _ in range(rows)]
        np.save(tmp_path / f"{name}.npy", np.stack([pixels for _, pixels in found]))
        labels = {"label": [row % 3 for row in range(rows)]}
        write(tmp_path / f"hub/plain_text/{name}.parquet", [content for content, _ in found], labels)
    return tmp_path / "hub"


def test_the_shards_are_read_in_their_order(folder):
    dataset = load_dataset(folder, ENTRY)
    expected = [np.load(folder.parent / f"train-0000{number}-of-00002.npy") for number in (0, 1)]
    images = dataset.train_images.reshape(9, 3, 4, 5).transpose(0, 2, 3, 1)
    assert np.array_equal(images, np.concatenate(expected))
    assert dataset.train_labels.tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 0]
    assert dataset.classes == NAMES
    assert dataset.test_images.shape == (6, 60)


def test_of_several_columns_of_classes_one_is_named(tmp_path):
    random = np.random.default_rng(0)
    features = {"img": {"_type": "Image"}, "fine_label": {"names": NAMES, "_type": "ClassLabel"}}
    features["coarse_label"] = {"names": ["insect", "mammal"], "_type": "ClassLabel"}
    for part, rows in (("train", 9), ("test", 6)):
        fine = [row % 3 for row in range(rows)]
        labels = {"fine_label": fine, "coarse_label": [one // 2 for one in fine]}
        contents = [picture(random)[0] for _ in range(rows)]
        write(tmp_path / f"{part}-00000-of-00001.parquet", contents, labels, features)
    dataset = load_dataset(tmp_path, ENTRY | {"n_classes": 2, "labels": "coarse_label"})
    assert dataset.classes == ["insect", "mammal"]
    assert dataset.test_labels.tolist() == [0, 0, 1, 0, 0, 1]
    with pytest.raises(
        UserError, match=r"these columns of classes: fine_label, coarse_label; name one of them"
    ):
        load_dataset(tmp_path, ENTRY)


def shard(folder: Path) -> Path:
    return folder / "plain_text/test-00000-of-00001.parquet"


@pytest.mark.parametrize(
    ("contents", "labels", "features", "sentence"),
    [
        (
            None,
            [0, 1, 2, 0, 1, 7],
            FEATURES,
            "has the label 7 at position 5; expected whole numbers from 0 to 2",
        ),
        (None, [0, 1, 2, 0, 1, None], FEATURES, "has the label None at position 5"),
        (None, None, None, "does not say which columns hold images and classes"),
        (None, None, {"label": FEATURES["label"]}, "has 0 columns of images; expected 1"),
        (None, None, {"img": {"_type": "Image"}}, "columns of classes: none; get files that have one"),
        (
            None,
            None,
            {
                "img": {"_type": "Image"},
                "id": {"_type": "Value"},
                "label": {"_type": "Value", "dtype": "int64"},
            },
            r'in its column label \(Value, not ClassLabel\); convert it with ds.cast_column\("label"',
        ),
        (None, [0, 1, 2, 0, 1, -1], FEATURES, r"/hub/.*-1 at position 5.* -1 marks images without a label"),
        (
            None,
            None,
            FEATURES | {"label": {"_type": "ClassLabel"}},
            "not name the classes of its column label",
        ),
        (
            None,
            None,
            FEATURES | {"label": {"names": ["x"], "_type": "ClassLabel"}},
            "names other classes than",
        ),
        ([None] * 6, None, FEATURES, "row 0 holds no picture"),
        (
            [b"no picture"] * 6,
            None,
            FEATURES,
            r"row 0 can't be read as a picture \(it is neither PNG nor JPEG\)",
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(folder, contents, labels, features, sentence):
    random = np.random.default_rng(1)
    contents = contents or [picture(random)[0] for _ in range(6)]
    write(shard(folder), contents, {"label": labels or [0, 1, 2] * 2}, features)
    with pytest.raises(UserError, match=sentence):
        load_dataset(folder, ENTRY)


def test_pictures_of_another_size(folder):
    random = np.random.default_rng(1)
    write(shard(folder), [picture(random, (8, 10))[0] for _ in range(6)], {"label": [0, 1, 2] * 2})
    with pytest.raises(
        UserError, match=r"row 0 is 10 x 8 pixels, not 5 x 4 as image_shape says; set resize: true"
    ):
        load_dataset(folder, ENTRY)
    assert load_dataset(folder, ENTRY | {"resize": True}).test_images.shape == (6, 60)


def test_more_or_fewer_rows_than_declared(folder):
    with pytest.raises(UserError, match=r"has more than 8 rows in train\*.parquet, as n_train says"):
        load_dataset(folder, ENTRY | {"n_train": 8})
    with pytest.raises(UserError, match=r"has 6 rows in test\*.parquet; expected 7, as n_test says"):
        load_dataset(folder, ENTRY | {"n_test": 7})


def cut(path: Path) -> None:
    """In the middle of its pictures."""
    content = path.read_bytes()
    path.write_bytes(content[:200] + b"\0" * 300 + content[500:])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"PAR1"), "can't be read as Parquet"),
        (lambda path: path.unlink(), r"has no test\*.parquet"),
        (cut, r"test-00000-of-00001\.parquet"),
    ],
)
def test_a_file_that_is_torn_or_not_there(folder, spoil, said):
    spoil(shard(folder))
    with pytest.raises(UserError, match=said):
        load_dataset(folder, ENTRY)
