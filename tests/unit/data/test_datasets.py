"""Each kind of dataset, read from real files into the same arrays."""

import gzip
import hashlib
import json
import pickle
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from batches import pickled, tarred
from PIL import Image
from sklearn.datasets import load_digits

from cifarbench.data.archive import OFFICIAL, check_archive
from cifarbench.data.datasets import load_dataset
from cifarbench.data.digits import write_digits_archive
from cifarbench.study.errors import UserError

SCRIPTS = Path(__file__).parents[3] / "scripts"
CLOTHES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
DIGITS = {"kind": "digits", "n_train": 1437, "n_test": 360, "n_classes": 10, "image_shape": [3, 32, 32]}


# ---- The digits of scikit-learn ----


def test_digits_are_those_of_scikit_learn(tmp_path):
    write_digits_archive(tmp_path / "digits.tar.gz")
    dataset = load_dataset(tmp_path / "digits.tar.gz", DIGITS)
    images = np.concatenate([dataset.train_images, dataset.test_images]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    assert images.max() == 255
    assert (images == images[:, :1, ::4, ::4].repeat(4, axis=2).repeat(4, axis=3)).all()
    found = set(zip(map(tuple, _small(images)), labels.tolist(), strict=True))
    digits = load_digits()
    assert found == set(zip(map(tuple, digits.data.astype(int)), digits.target.tolist(), strict=True))
    assert dataset.classes[:3] == ["zero", "one", "two"]
    # Equal shares of each class.
    shares = np.bincount(dataset.test_labels) / np.bincount(labels)
    assert np.abs(shares - 0.2).max() < 0.01


def test_digits_come_out_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        write_digits_archive(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_digits_read_like_the_original_by_the_usual_means(tmp_path):
    write_digits_archive(tmp_path / "digits.tar.gz")
    with tarfile.open(tmp_path / "digits.tar.gz") as tar:
        batch = pickle.load(tar.extractfile("digits-batches-py/data_batch_5"), encoding="bytes")
    dataset = load_dataset(tmp_path / "digits.tar.gz", DIGITS)
    assert np.array_equal(batch[b"data"], dataset.train_images[-287:])
    assert batch[b"labels"] == dataset.train_labels[-287:].tolist()


def test_scripts_lead_from_the_archive_to_the_arrays(tmp_path):
    archive, receipt = tmp_path / "digits.tar.gz", tmp_path / "archive.json"
    _script("make_digits_archive", archive=archive, archive_receipt=receipt)
    names = ("train_images", "train_labels", "test_images", "test_labels")
    outputs = {name: tmp_path / f"{name}.npy" for name in names} | {"dataset": tmp_path / "dataset.json"}
    settings = json.dumps(DIGITS | {"dataset": "digits"})
    _script("unpack_archive", archive_receipt=receipt, settings=settings, **outputs)
    assert {name: np.load(path).shape for name, path in outputs.items() if path.suffix == ".npy"} == {
        "train_images": (1437, 3072),
        "train_labels": (1437,),
        "test_images": (360, 3072),
        "test_labels": (360,),
    }
    about = json.loads(outputs["dataset"].read_text())
    assert about["archive"] == json.loads(receipt.read_text())
    assert about["archive"]["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (about["kind"], about["image_shape"], about["n_test"]) == ("digits", [3, 32, 32], 360)


# ---- CIFAR-100 ----

HUNDRED = {"kind": "cifar100", "n_train": 12, "n_test": 6, "n_classes": 6, "image_shape": [3, 2, 2]}


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


def test_cifar_100_with_other_classes_than_declared(tmp_path):
    with pytest.raises(UserError, match=r"meta names 6 classes; expected 100, as n_classes says"):
        load_dataset(hundred(tmp_path / "archive.tar.gz"), HUNDRED | {"n_classes": 100})
    with pytest.raises(UserError, match=r"test has .* of shape \(6, 12\) .*; expected .* of shape \(7, 12\)"):
        load_dataset(hundred(tmp_path / "archive.tar.gz"), HUNDRED | {"n_test": 7})


# ---- Fashion-MNIST ----

CLOTHING = {
    "kind": "fashion_mnist",
    "n_train": 20,
    "n_test": 10,
    "n_classes": 10,
    "image_shape": [1, 3, 2],
    "classes": CLOTHES,
}


def idx(array):
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def clothing(folder, zipped=True):
    """The four files, small; the arrays in them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    arrays = {}
    for part, rows in (("train", 20), ("t10k", 10)):
        arrays[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (rows, 3, 2))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(rows) % 10
    for name, array in arrays.items():
        content = idx(array)
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(
            gzip.compress(content) if zipped else content
        )
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
    "a label too few": (
        idx(np.arange(19) % 10),
        "begins with the bytes 00000801 00000013; expected .* 00000014",
    ),
    "images in place of labels": (idx(np.zeros((20, 3, 2))), "begins with the bytes 00000803 00000014"),
    "content short by one": (idx(np.arange(20) % 10)[:-1], "holds 27 bytes; expected 28"),
    "content too long": (idx(np.arange(20) % 10) + b"x", "holds more bytes; expected 28"),
    "a bomb of zeros": (idx(np.arange(20) % 10) + bytes(10**8), "holds more bytes; expected 28"),
    "a label that is no class": (
        idx(np.arange(20)),
        "has the label 10 at position 10; expected .* from 0 to 9",
    ),
}


@pytest.mark.parametrize("fault", IDX_FAULTS)
def test_idx_files_that_are_not_as_declared(tmp_path, fault):
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
    with pytest.raises(UserError, match=r"image_shape declares 3 channels; idx files hold images of 1"):
        load_dataset(tmp_path / "files", CLOTHING | {"image_shape": [3, 3, 2]})
    with pytest.raises(UserError, match=r"classes in the configuration names 9 classes; expected 10"):
        load_dataset(tmp_path / "files", CLOTHING | {"classes": CLOTHES[1:]})


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_the_real_fashion_mnist():
    entry = CLOTHING | {"n_train": 60_000, "n_test": 10_000, "image_shape": [1, 28, 28]}
    dataset = load_dataset(DEBIAN, entry)
    assert dataset.train_images.shape == (60_000, 784)
    assert (np.bincount(dataset.train_labels) == 6000).all()
    assert (np.bincount(dataset.test_labels) == 1000).all()
    # An ankle boot stands first, as everybody who has drawn one of these knows.
    assert dataset.train_labels[0] == 9
    # Debian has packed the same files anew: they are not the published bytes, and are refused unless named.
    with pytest.raises(UserError, match=r"has the sha256 [0-9a-f]{64}, not .* SHA256="):
        check_archive(DEBIAN, OFFICIAL["fashion_mnist"])


# ---- A folder of pictures ----

FOLDER = {"kind": "image_folder", "n_train": 4, "n_test": 2, "n_classes": 2, "image_shape": [3, 4, 5]}


def pictures(folder, **save):
    """Two training pictures and a test picture of each of two classes; what they show, by path."""
    rng = np.random.default_rng(0)
    shown = {}
    for name in (
        "train/cat/b.png",
        "train/cat/a.png",
        "train/dog/x/1.png",
        "train/dog/2.PNG",
        "test/cat/1.png",
        "test/dog/1.png",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shown[name] = rng.integers(0, 256, (4, 5, 3), np.uint8)
        Image.fromarray(shown[name]).save(path, **save)
    return shown


def test_a_folder_of_pictures_becomes_arrays(tmp_path):
    shown = pictures(tmp_path)
    (tmp_path / "train/.DS_Store").write_bytes(b"x")
    (tmp_path / "train/cat/notes.txt").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    dataset = load_dataset(tmp_path, FOLDER)
    assert dataset.classes == ["cat", "dog"]
    assert dataset.train_labels.tolist() == [0, 0, 1, 1]
    order = ["train/cat/a.png", "train/cat/b.png", "train/dog/2.PNG", "train/dog/x/1.png"]
    for row, name in zip(dataset.train_images, order, strict=True):
        assert np.array_equal(row.reshape(3, 4, 5).transpose(1, 2, 0), shown[name])


def test_pictures_become_grey_where_one_channel_is_declared(tmp_path):
    pictures(tmp_path)
    dataset = load_dataset(tmp_path, FOLDER | {"image_shape": [1, 4, 5]})
    grey = np.asarray(Image.open(tmp_path / "test/dog/1.png").convert("L"))
    assert np.array_equal(dataset.test_images[1].reshape(4, 5), grey)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA", "CMYK"])
def test_pictures_of_all_modes_are_read(tmp_path, mode):
    pictures(tmp_path)
    path = tmp_path / ("train/cat/a.jpg" if mode == "CMYK" else "train/cat/a.png")
    (tmp_path / "train/cat/a.png").unlink()
    Image.new(mode, (5, 4)).save(path)
    assert load_dataset(tmp_path, FOLDER).train_images.shape == (4, 60)


def test_pictures_of_another_size(tmp_path):
    pictures(tmp_path)
    # Grey, with red and blue ends that stand over when it is cut.
    wide = np.full((8, 30, 3), 90, np.uint8)
    wide[:, :3], wide[:, -3:] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(wide).save(tmp_path / "train/cat/a.png")
    with pytest.raises(
        UserError, match=r"cat/a.png is 30 x 8 pixels, not 5 x 4 as image_shape says; set resize"
    ):
        load_dataset(tmp_path, FOLDER)
    dataset = load_dataset(tmp_path, FOLDER | {"resize": True})
    assert (dataset.train_images[0] == 90).all()


def test_a_picture_that_a_camera_has_turned(tmp_path):
    pictures(tmp_path)
    (tmp_path / "train/cat/a.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 5)).save(tmp_path / "train/cat/a.jpg", exif=exif)
    load_dataset(tmp_path, FOLDER)


def bomb():
    """A PNG of a few bytes that claims 20,000 x 20,000 pixels."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


FOLDER_FAULTS = {
    "no train": (
        lambda f: (f / "train").rename(f / "training"),
        "train is no folder; expected one with a folder",
    ),
    "no test": (lambda f: (f / "test").rename(f / "t"), "test is no folder"),
    "a class only in train": (lambda f: (f / "train/eel").mkdir(), "the class eel in train but not in test"),
    "a class only in test": (lambda f: (f / "test/eel").mkdir(), "the class eel in test but not in train"),
    "a class too many": (
        lambda f: [(f / p / "eel").mkdir() for p in ("train", "test")],
        "names 3 classes; expected 2",
    ),
    "a picture too few": (
        lambda f: (f / "train/cat/a.png").unlink(),
        "train has 3 pictures; expected 4, as n_train",
    ),
    "no picture": (
        lambda f: (f / "train/cat/a.png").write_text("<html>"),
        "a.png can't be read as a picture",
    ),
    "an empty file": (lambda f: (f / "train/cat/a.png").write_bytes(b""), "a.png can't be read as a picture"),
    "half a picture": (
        lambda f: (f / "train/cat/a.png").write_bytes((f / "train/cat/b.png").read_bytes()[:80]),
        "a.png can't be read as a picture",
    ),
    "a picture of 16 bits": (
        lambda f: Image.new("I;16", (5, 4)).save(f / "train/cat/a.png"),
        r"a.png can't be read as a picture \(more than 8 bits a channel\)",
    ),
    "a bomb": (lambda f: (f / "train/cat/a.png").write_bytes(bomb()), "a.png can't be read as a picture"),
    "another format": (
        lambda f: Image.new("RGB", (5, 4)).save(f / "train/cat/a.png", format="BMP"),
        "a.png can't be read as a picture",
    ),
    "a link that leads nowhere": (
        lambda f: [(f / "train/cat/a.png").unlink(), (f / "train/cat/a.png").symlink_to("nowhere.png")],
        "train has 3 pictures; expected 4",
    ),
    "a link to a text": (
        lambda f: [(f / "train/cat/a.png").unlink(), (f / "train/cat/a.png").symlink_to(__file__)],
        "a.png can't be read as a picture",
    ),
    "10,000 files in a class": (
        lambda f: [(f / f"train/cat/{number}.jpg").touch() for number in range(10_000)],
        "train has 10004 pictures; expected 4",
    ),
    "a class without pictures": (
        lambda f: (f / "test/cat/1.png").rename(f / "test/dog/2.png"),
        "no test images of the class cat",
    ),
}


@pytest.mark.parametrize("fault", FOLDER_FAULTS)
def test_a_folder_that_is_not_as_declared(tmp_path, fault):
    pictures(tmp_path)
    change, message = FOLDER_FAULTS[fault]
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        load_dataset(tmp_path, FOLDER)


def test_a_link_to_the_folder_itself_is_passed_over(tmp_path):
    pictures(tmp_path)
    (tmp_path / "train/cat/again").symlink_to(tmp_path / "train/cat")
    assert len(load_dataset(tmp_path, FOLDER).train_labels) == 4


def test_pictures_have_one_or_three_channels(tmp_path):
    pictures(tmp_path)
    with pytest.raises(UserError, match=r"image_shape declares 4 channels; pictures have 1 \(grey\) or 3"):
        load_dataset(tmp_path, FOLDER | {"image_shape": [4, 4, 5]})


def _small(images):
    """Rows of 64 values from 0 to 16."""
    return np.rint(images[:, 0, ::4, ::4].reshape(-1, 64) * (16 / 255)).astype(int)


def _script(name, **arguments):
    options = [
        part for key, value in arguments.items() for part in (f"--{key.replace('_', '-')}", str(value))
    ]
    subprocess.run([sys.executable, SCRIPTS / f"{name}.py", *options], check=True, capture_output=True)
