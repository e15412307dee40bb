"""Reading files in MedMNIST's layout, and the bundled datasets in this layout."""

import io
import zipfile

import numpy as np
import pytest
from skimage import data

from cifarbench.data.bundled import write_bundled_archive
from cifarbench.data.datasets import load_dataset
from cifarbench.errors import UserError

BLOOD = {"type": "medmnist", "n_train": 12, "n_test": 6, "n_classes": 3, "image_shape": [3, 4, 5]}
BLOOD |= {"classes": ["basophil", "eosinophil", "erythroblast"]}


def arrays(channels: int = 3) -> dict[str, np.ndarray]:
    """Return arrays of MedMNIST: images with their channels last, labels in a column."""
    random = np.random.default_rng(0)
    found = {}
    for part, rows in (("train", 12), ("val", 4), ("test", 6)):
        shape = (rows, 4, 5, channels) if channels > 1 else (rows, 4, 5)
        found[f"{part}_images"] = random.integers(0, 256, shape, np.uint8)
        found[f"{part}_labels"] = (np.arange(rows) % 3).astype(np.uint8)[:, None]
    return found


def written(path, found):
    np.savez_compressed(path, **found)
    return path


def test_arrays_are_read(tmp_path):
    found = arrays()
    dataset = load_dataset(written(tmp_path / "bloodmnist.npz", found), BLOOD)
    images = dataset.train_images.reshape(12, 3, 4, 5)
    assert np.array_equal(images.transpose(0, 2, 3, 1), found["train_images"])
    assert np.array_equal(dataset.test_labels, found["test_labels"][:, 0])
    assert dataset.classes == BLOOD["classes"]
    assert (len(dataset.train_labels), dataset.train_labels.dtype) == (12, np.int64)


def test_grey_images_have_no_channel_axis(tmp_path):
    found = arrays(channels=1)
    dataset = load_dataset(written(tmp_path / "set.npz", found), BLOOD | {"image_shape": [1, 4, 5]})
    assert np.array_equal(dataset.train_images.reshape(12, 4, 5), found["train_images"])


def spoil(name, value):
    return lambda found: found | {name: value}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: {"images": found["train_images"]}, r"has no train_images; it holds images\."),
        (
            spoil("train_images", np.zeros((12, 4, 4, 3), np.uint8)),
            r"expected uint8 of shape \(12, 4, 5, 3\)",
        ),
        (spoil("train_images", np.zeros((12, 4, 5, 3))), r"is of float64 and shape .*; expected uint8"),
        # Several labels per image, as in chestmnist.
        (
            spoil("train_labels", np.zeros((12, 14), np.uint8)),
            r"shape \(12, 14\); expected integers of shape",
        ),
        (spoil("train_labels", np.array([[print]] * 12, dtype=object)), "is of object and shape"),
        (spoil("test_labels", np.full((6, 1), 7)), "has the label 7 at position 0; .* from 0 to 2"),
        (spoil("test_labels", np.zeros((6, 1), np.uint8)), "The class eosinophil has no test images"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_dataset(written(tmp_path / "set.npz", change(arrays())), BLOOD)


def test_wrong_header_needs_no_memory(tmp_path):
    path = written(tmp_path / "set.npz", arrays())
    header = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (12, 4, 5, 3)}
    np.lib.format.write_array_header_1_0(header, description)
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad:
        for name in good.namelist():
            content = header.getvalue() + b"\0" * 7 if name == "train_images.npy" else good.read(name)
            bad.writestr(name, content)
    with pytest.raises(UserError, match=r"train_images .* has too much or too little content for its shape"):
        load_dataset(tmp_path / "bad.npz", BLOOD)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 torn"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"set\.npz can't be read"):
        load_dataset(tmp_path / "set.npz", BLOOD)


# ---- Bundled datasets ----

TEXTURES = {"type": "textures", "n_train": 2304, "n_test": 768, "n_classes": 3, "image_shape": [1, 16, 16]}
FACES = {"type": "faces", "n_train": 160, "n_test": 40, "n_classes": 2, "image_shape": [1, 25, 25]}


def test_textures_are_patches_of_photographs(tmp_path):
    write_bundled_archive("textures", tmp_path / "textures.npz")
    dataset = load_dataset(tmp_path / "textures.npz", TEXTURES)
    for label, name in enumerate(dataset.classes):
        photograph = getattr(data, name)()
        for images, labels, rows in (
            (dataset.train_images, dataset.train_labels, photograph[:384]),
            (dataset.test_images, dataset.test_labels, photograph[384:]),
        ):
            pieces = images[labels == label].reshape(-1, 32, 16, 16)
            assert np.array_equal(pieces.swapaxes(1, 2).reshape(rows.shape), rows)


def test_faces_are_the_first_hundred_images(tmp_path):
    write_bundled_archive("faces", tmp_path / "faces.npz")
    dataset = load_dataset(tmp_path / "faces.npz", FACES)
    faces = {row.tobytes() for row in np.rint(data.lfw_subset()[:100] * 255).astype(np.uint8)}
    for images, labels in (
        (dataset.train_images, dataset.train_labels),
        (dataset.test_images, dataset.test_labels),
    ):
        assert [image.tobytes() in faces for image in images] == (labels == 0).tolist()


@pytest.mark.parametrize("dataset_type", ["textures", "faces", "digits"])
def test_bundled_archives_are_reproducible(tmp_path, dataset_type):
    for name in ("one", "two"):
        write_bundled_archive(dataset_type, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
