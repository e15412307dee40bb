"""Lists of images to exclude, and of labels to change."""

from dataclasses import replace

import numpy as np
import pytest

from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.image_lists import drop_images, read_exclude_list, read_relabel_list, relabel_images
from cifarbench.errors import UserError


def dataset() -> ImageDataset:
    images = np.arange(12, dtype=np.uint8).reshape(6, 2)
    labels = np.array([0, 1, 0, 1, 0, 1])
    return ImageDataset(images, labels, images[:4], labels[:4], ["a", 'b, "c"'], (1, 1, 2))


def test_listed_images_are_excluded(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("index,split,why\n3,train,copy\n0,test,\n3,train,again\n0,train,\n")
    excluded = read_exclude_list(path)
    assert excluded == {"train": [0, 3], "test": [0]}
    left = drop_images(dataset(), excluded)
    assert left.train_images[:, 0].tolist() == [2, 4, 8, 10]
    assert left.train_labels.tolist() == [1, 0, 0, 1]
    assert len(left.test_labels) == 3


@pytest.mark.parametrize(
    ("excluded", "sentence"),
    [
        ({"train": [6], "test": []}, "there are only 6"),
        ({"train": [0, 2, 4], "test": []}, "The class a has no training images"),
    ],
)
def test_invalid_exclusions_are_refused(excluded, sentence):
    with pytest.raises(UserError, match=sentence):
        drop_images(dataset(), excluded)


SPREADSHEETS = {
    "a byte order mark": b"\xef\xbb\xbfsplit,index\r\ntrain,0\r\n",
    "semicolons": b"split;index\r\ntrain;0\r\n",
    "semicolons, and commas in a cell": b"split;index;why\ntrain;0;a, b, c, d\n",
    "tabs": b"split\tindex\ntrain\t0\n",
    "tabs, as Unicode text": "split\tindex\r\ntrain\t0\r\n".encode("utf-16"),
    "spaces, quotes and empty rows": b'\n"split", index\n"train", 0\n,\n\n',
    "a short row": b"split,index,why\ntrain,0\n",
}


@pytest.mark.parametrize("content", SPREADSHEETS.values(), ids=SPREADSHEETS)
def test_lists_written_by_spreadsheets_are_read(tmp_path, content):
    (tmp_path / "list.csv").write_bytes(content)
    assert read_exclude_list(tmp_path / "list.csv") == {"train": [0], "test": []}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("train,0\n", "has no columns split and index in its first line; begin the file with the line"),
        ("", "has no columns split and index"),
        ("split,number\ntrain,0\n", "has no column index in its first line"),
        ("split,index\n\ntrain,\n", "has 'train', '' as split and index in line 3"),
        ("split,index\ntrain,\u00b2\n", "in line 2; write train or test, and the number"),
    ],
)
def test_invalid_lists_are_refused(tmp_path, content, sentence):
    (tmp_path / "list.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=sentence):
        read_exclude_list(tmp_path / "list.csv")


def test_files_in_other_encodings_are_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a CSV in UTF-8"):
        read_exclude_list(tmp_path / "list.csv")


def test_excluding_images_keeps_batches():
    whole = dataset()
    batches = replace(whole, train_images=[whole.train_images[:2], whole.train_images[2:]])
    left = drop_images(batches, {"train": [1, 2], "test": []})
    assert np.concatenate(left.train_images)[:, 0].tolist() == [0, 6, 8, 10]


# ---- New labels ----


def test_new_labels_are_read_and_applied(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text('index,split,label,why\n3,train,a,blurred\n0,test,"b, ""c""",\n3,train,a,again\n')
    labels = read_relabel_list(path)
    assert labels == {"train": {3: "a"}, "test": {0: 'b, "c"'}}
    images = dataset()
    changed = relabel_images(images, labels)
    assert changed.train_labels.tolist() == [0, 1, 0, 0, 0, 1]
    assert changed.test_labels.tolist() == [1, 1, 0, 1]
    assert images.train_labels.tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"train": {6: "a"}, "test": {}}, "relabel names image 6 of train, but there are only 6"),
        ({"train": {}, "test": {0: "dog"}}, "the label 'dog', which is no class; write one of a, b"),
        ({"train": {}, "test": {1: "a", 3: "a"}}, "has no test images"),
    ],
)
def test_invalid_new_labels_are_refused(labels, sentence):
    with pytest.raises(UserError, match=sentence):
        relabel_images(dataset(), labels)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("split,index\ntrain,0\n", "has no column label in its first line"),
        ("split,index,label\nvalid,0,a\n", "write train or test"),
        ("split,index,label\ntrain,0,\n", "has no label in line 2; write the name of a class"),
        (
            "split,index,label\ntrain,0,a\ntrain,0,b\n",
            "two labels for image 0 of train, 'a' and 'b'; delete one",
        ),
    ],
)
def test_invalid_lists_of_new_labels_are_refused(tmp_path, content, sentence):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(UserError, match=sentence):
        read_relabel_list(tmp_path / "list.csv")
