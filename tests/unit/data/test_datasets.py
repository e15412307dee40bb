"""Reading each type of dataset from real files."""

import gzip
import struct

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cifarbench.data.bundled import write_bundled_archive
from cifarbench.data.datasets import load_dataset
from cifarbench.errors import UserError
from helpers.batches import pickled, tarred

CLOTHES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]
DIGITS = {"type": "digits", "n_train": 1437, "n_test": 360, "n_classes": 10, "image_shape": [3, 32, 32]}


# ---- The digits of scikit-learn ----


def test_digits_are_those_of_scikit_learn(tmp_path):
    write_bundled_archive("digits", tmp_path / "digits.tar.gz")
    dataset = load_dataset(tmp_path / "digits.tar.gz", DIGITS)
    images = np.concatenate([dataset.train_images, dataset.test_images]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    assert images.max() == 255
    assert (images == images[:, :1, ::4, ::4].repeat(4, axis=2).repeat(4, axis=3)).all()
    found = set(zip(map(tuple, _small(images)), labels.tolist(), strict=True))
    digits = load_digits()
    assert found == set(zip(map(tuple, digits.data.astype(int)), digits.target.tolist(), strict=True))
    assert dataset.classes[:3] == ["zero", "one", "two"]
    # The split is stratified.
    shares = np.bincount(dataset.test_labels) / np.bincount(labels)
    assert np.abs(shares - 0.2).max() < 0.01


# ---- CIFAR-100 ----

HUNDRED = {"type": "cifar100", "n_train": 12, "n_test": 6, "n_classes": 6, "image_shape": [3, 2, 2]}


def hundred(path):
    rng = np.random.default_rng(0)
    batches = {"meta": {"fine_label_names": list("abcdef"), "coarse_label_names": ["x", "y"]}}
    for member, rows in (("train", 12), ("test", 6)):
        fine = [row % 6 for row in range(rows)]
        coarse = [label // 3 for label in fine]
        data = rng.integers(0, 256, (rows, 12), np.uint8)
        batches[member] = {b"data": data, b"fine_labels": fine, b"coarse_labels": coarse}
    path.write_bytes(gzip.compress(tarred(pickled(batches))))
    return path


@pytest.mark.parametrize(("labels", "classes"), [("fine", list("abcdef")), ("coarse", ["x", "y"])])
def test_cifar_100_has_fine_and_coarse_classes(tmp_path, labels, classes):
    entry = HUNDRED | {"labels": labels, "n_classes": len(classes)}
    dataset = load_dataset(hundred(tmp_path / "archive.tar.gz"), entry)
    assert dataset.classes == classes
    assert dataset.train_images.shape == (12, 12)
    assert dataset.test_labels.tolist() == ([0, 1, 2, 3, 4, 5] if labels == "fine" else [0, 0, 0, 1, 1, 1])


def test_cifar_100_with_other_classes_than_declared_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"meta names 6 classes; expected 100, as n_classes declares"):
        load_dataset(hundred(tmp_path / "archive.tar.gz"), HUNDRED | {"n_classes": 100})
    with pytest.raises(UserError, match=r"test has .* of shape \(6, 12\) .*; expected .* of shape \(7, 12\)"):
        load_dataset(hundred(tmp_path / "archive.tar.gz"), HUNDRED | {"n_test": 7})


# ---- Fashion-MNIST ----

CLOTHING = {"type": "fashion_mnist", "n_train": 20, "n_test": 10, "n_classes": 10}
CLOTHING |= {"image_shape": [1, 3, 2], "classes": CLOTHES}


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def clothing(folder, zipped=True):
    """Write the four files with a few images and return their arrays."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    arrays = {}
    for part, rows in (("train", 20), ("t10k", 10)):
        arrays[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (rows, 3, 2))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(rows) % 10
    for name, array in arrays.items():
        content = idx(array)
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    return arrays


@pytest.mark.parametrize("zipped", [True, False])
def test_idx_files_become_arrays(tmp_path, zipped):
    arrays = clothing(tmp_path / "files", zipped)
    dataset = load_dataset(tmp_path / "files", CLOTHING)
    assert np.array_equal(dataset.train_images, arrays["train-images-idx3-ubyte"].reshape(20, 6))
    assert np.array_equal(dataset.test_labels, arrays["t10k-labels-idx1-ubyte"])
    assert dataset.train_images.dtype == np.uint8
    assert dataset.classes == CLOTHES


IDX_FAULTS = {
    "missing": (None, "has no train-labels-idx1-ubyte.gz and no train-labels-idx1-ubyte"),
    "empty": (b"", "begins with the bytes ; expected 00000801 00000014"),
    "no gzip": ("<html>", "can't be read .*Not a gzipped file"),
    "truncated": ("cut", "can't be read .*ended before"),
    "a label too few": (idx(np.arange(19) % 10), "bytes 00000801 00000013; expected .* 00000014"),
    "images in place of labels": (idx(np.zeros((20, 3, 2))), "begins with the bytes 00000803 00000014"),
    "content short by one": (idx(np.arange(20) % 10)[:-1], "holds 27 bytes; expected 28"),
    "content too long": (idx(np.arange(20) % 10) + b"x", "holds more bytes; expected 28"),
    "a bomb of zeros": (idx(np.arange(20) % 10) + bytes(10**8), "holds more bytes; expected 28"),
    "a label that is no class": (idx(np.arange(20)), "has the label 10 at position 10; .* from 0 to 9"),
}


@pytest.mark.parametrize("fault", IDX_FAULTS)
def test_idx_files_that_are_not_as_declared_are_refused(tmp_path, fault):
    content, message = IDX_FAULTS[fault]
    clothing(tmp_path / "files")
    path = tmp_path / "files" / "train-labels-idx1-ubyte.gz"
    if content is None:
        path.unlink()
    elif content == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else gzip.compress(content))
    with pytest.raises(UserError, match=f"train-labels-idx1-ubyte.*{message}|{message}"):
        load_dataset(tmp_path / "files", CLOTHING)


def test_idx_files_have_one_channel_and_named_classes(tmp_path):
    clothing(tmp_path / "files")
    with pytest.raises(
        UserError, match=r"image_shape declares 3 channels; idx files have 1: write \[1, 3, 2\]"
    ):
        load_dataset(tmp_path / "files", CLOTHING | {"image_shape": [3, 3, 2]})
    with pytest.raises(UserError, match=r"classes in the configuration names 9 classes; expected 10"):
        load_dataset(tmp_path / "files", CLOTHING | {"classes": CLOTHES[1:]})


def _small(images):
    """Return enlarged digits as scikit-learn's rows of 64 values from 0 to 16."""
    return np.rint(images[:, 0, ::4, ::4].reshape(-1, 64) * (16 / 255)).astype(int)
