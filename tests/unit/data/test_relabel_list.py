"""New labels that a file gives to images."""

import numpy as np
import pytest

from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.image_lists import read_relabel_list, relabel_images
from cifarbench.errors import UserError


def dataset() -> ImageDataset:
    images = np.arange(12, dtype=np.uint8).reshape(6, 2)
    labels = np.array([0, 1, 0, 1, 0, 1])
    return ImageDataset(images, labels, images[:4], labels[:4], ["a", 'b, "c"'], (1, 1, 2))


def test_rows_are_read_and_applied(tmp_path):
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
def test_labels_that_can_t_be_given(labels, sentence):
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
def test_a_list_that_is_refused(tmp_path, content, sentence):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(UserError, match=sentence):
        read_relabel_list(tmp_path / "list.csv")
