"""Reading folders of images, and refusal of files and folders that are not as declared."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifarbench.data.datasets import load_dataset
from cifarbench.data.provenance import check_archive
from cifarbench.errors import UserError
from helpers.nobody import ordinary_user

FOLDER = {"type": "image_folder", "n_train": 4, "n_test": 2, "n_classes": 2, "image_shape": [3, 4, 5]}


def write_images(folder):
    """Write two training images and a test image of each of two classes; return their pixels by path."""
    rng = np.random.default_rng(0)
    pixels = {}
    names = ["train/cat/b.png", "train/cat/a.png", "train/dog/x/1.png", "train/dog/2.PNG"]
    for name in [*names, "test/cat/1.png", "test/dog/1.png"]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels[name] = rng.integers(0, 256, (4, 5, 3), np.uint8)
        Image.fromarray(pixels[name]).save(path)
    return pixels


def test_images_and_classes_are_read_in_order(tmp_path):
    pixels = write_images(tmp_path)
    (tmp_path / "train/.DS_Store").write_bytes(b"x")
    (tmp_path / "train/cat/notes.txt").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    dataset = load_dataset(tmp_path, FOLDER)
    assert dataset.classes == ["cat", "dog"]
    assert dataset.train_labels.tolist() == [0, 0, 1, 1]
    order = ["train/cat/a.png", "train/cat/b.png", "train/dog/2.PNG", "train/dog/x/1.png"]
    for row, name in zip(dataset.train_images, order, strict=True):
        assert np.array_equal(row.reshape(3, 4, 5).transpose(1, 2, 0), pixels[name])


def test_images_become_grey_for_one_channel(tmp_path):
    write_images(tmp_path)
    dataset = load_dataset(tmp_path, FOLDER | {"image_shape": [1, 4, 5]})
    grey = np.asarray(Image.open(tmp_path / "test/dog/1.png").convert("L"))
    assert np.array_equal(dataset.test_images[1].reshape(4, 5), grey)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA", "CMYK"])
def test_images_of_all_modes_are_read(tmp_path, mode):
    write_images(tmp_path)
    path = tmp_path / ("train/cat/a.jpg" if mode == "CMYK" else "train/cat/a.png")
    (tmp_path / "train/cat/a.png").unlink()
    Image.new(mode, (5, 4)).save(path)
    assert load_dataset(tmp_path, FOLDER).train_images.shape == (4, 60)


def test_images_of_another_size(tmp_path):
    write_images(tmp_path)
    # A grey image whose red and blue ends are cropped.
    wide = np.full((8, 30, 3), 90, np.uint8)
    wide[:, :3], wide[:, -3:] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(wide).save(tmp_path / "train/cat/a.png")
    with pytest.raises(
        UserError, match=r"a\.png is 30 x 8 pixels, not 5 x 4 as image_shape declares; set resize"
    ):
        load_dataset(tmp_path, FOLDER)
    dataset = load_dataset(tmp_path, FOLDER | {"resize": True})
    assert (dataset.train_images[0] == 90).all()


def test_exif_orientation_is_applied(tmp_path):
    write_images(tmp_path)
    (tmp_path / "train/cat/a.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 5)).save(tmp_path / "train/cat/a.jpg", exif=exif)
    load_dataset(tmp_path, FOLDER)


def png(path, width, height, bits, values):
    """Write a colour PNG with the given header fields."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
    content = head + chunk(b"IDAT", zlib.compress(values)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


UNREADABLE_IMAGES = {
    "text": (lambda path: path.write_text("<html>"), "it is none of PNG"),
    "an empty file": (lambda path: path.write_bytes(b""), "it is none of PNG"),
    "a truncated image": (lambda path: path.write_bytes(path.with_name("b.png").read_bytes()[:80]), ""),
    "32 bits": (lambda path: Image.new("F", (5, 4)).save(path, "TIFF"), "more than 16 bits per channel"),
    "a bomb": (lambda path: png(path, 20_000, 20_000, 8, b""), "it claims more pixels than a photograph"),
    "another format": (lambda path: Image.new("RGB", (5, 4)).save(path, "PPM"), "it is none of PNG"),
    "a link to a text": (lambda path: linked(path, path.with_name("notes.txt")), "it is none of PNG"),
}


@pytest.mark.parametrize("fault", UNREADABLE_IMAGES)
def test_unreadable_images_are_refused(tmp_path, fault):
    write_images(tmp_path)
    (tmp_path / "train/cat/notes.txt").write_text("x")
    change, reason = UNREADABLE_IMAGES[fault]
    change(tmp_path / "train/cat/a.png")
    with pytest.raises(UserError, match=rf"cat/a.png can't be read as an image \(.*{reason}"):
        load_dataset(tmp_path, FOLDER)


FOLDER_FAULTS = {
    "no train": (lambda f: (f / "train").rename(f / "training"), "train is not a folder; create it"),
    "no test": (lambda f: (f / "test").rename(f / "t"), "test is not a folder"),
    "a class only in train": (lambda f: (f / "train/eel").mkdir(), "the class eel in train but not in test"),
    "a class only in test": (lambda f: (f / "test/eel").mkdir(), "the class eel in test but not in train"),
    "a class too many": (lambda f: [(f / p / "eel").mkdir() for p in ("train", "test")], "names 3 classes"),
    "an image too few": (lambda f: (f / "train/cat/a.png").unlink(), "train has 3 images; expected 4, as n_"),
    "a broken link": (
        lambda f: linked(f / "train/cat/a.png", "nowhere.png"),
        r"cat/a.png is a broken link \(to nowhere.png\); repair or remove it",
    ),
    "a link to itself": (lambda f: linked(f / "test/cat/1.png", f / "test/cat/1.png"), "broken link"),
    "a link out of the folder": (
        lambda f: linked(f / "train/cat/a.png", __file__),
        r"cat/a.png is a link that leads out of .*; replace it by a copy of the image \(cp -L\)",
    ),
    "a link to its own folder": (
        lambda f: (f / "train/cat/again").symlink_to(f / "train/cat"),
        "cat/again is a link to a folder; replace it by a copy of that folder",
    ),
    "a class that is a link": (
        lambda f: moved(f / "train/dog", f / "dogs"),
        "train/dog is a link to a folder",
    ),
    "a split that is a link": (lambda f: moved(f / "test", f / "others"), "test is a link to a folder"),
    "images of another type": (
        lambda f: (f / "train/cat/a.png").rename(f / "train/cat/c.webp"),
        "train has 3 images, apart from files that are neither .png nor .jpg, such as .*/cat/c.webp; expected 4",
    ),
    "10,000 files in a class": (
        lambda f: [(f / f"train/cat/{number}.jpg").touch() for number in range(10_000)],
        "train has 10004 images; expected 4",
    ),
    "a class without images": (lambda f: (f / "test/cat/1.png").unlink(), "test/cat has no images; add some"),
}


def moved(path, target):
    path.rename(target)
    path.symlink_to(target)


def linked(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("fault", FOLDER_FAULTS)
def test_wrong_folders_are_refused(tmp_path, fault):
    write_images(tmp_path)
    change, message = FOLDER_FAULTS[fault]
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        load_dataset(tmp_path, FOLDER)


def test_link_to_an_image_of_the_folder_is_followed(tmp_path):
    pixels = write_images(tmp_path)
    linked(tmp_path / "train/cat/a.png", "../dog/2.PNG")
    row = load_dataset(tmp_path, FOLDER).train_images[0]
    assert np.array_equal(row.reshape(3, 4, 5).transpose(1, 2, 0), pixels["train/dog/2.PNG"])


def test_hidden_names_and_links_to_other_files_are_ignored(tmp_path):
    write_images(tmp_path)
    (tmp_path / "train/cat/.cache").symlink_to("/")
    (tmp_path / "train/cat/notes.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "train/cat/pipe.png")
    assert len(load_dataset(tmp_path, FOLDER).train_labels) == 4


def test_file_name_that_is_not_utf_8(tmp_path):
    write_images(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/train/cat/\xff.png")).touch()
    with pytest.raises(UserError, match=r"cat/.*dcff.png. in .* has a name that is not UTF-8; rename it"):
        check_archive(tmp_path)


@pytest.mark.parametrize("unreadable", ["train/cat/a.png", "train/cat"])
def test_unreadable_files_and_folders(tmp_path, unreadable):
    write_images(tmp_path)
    (tmp_path / unreadable).chmod(0)
    with ordinary_user(tmp_path):
        with pytest.raises(UserError, match=rf"{unreadable} .*can't be read.*Permission denied.*remove it"):
            check_archive(tmp_path)
        with pytest.raises(UserError, match=rf"{unreadable} can't be read.*Permission denied"):
            load_dataset(tmp_path, FOLDER)


def test_a_letter_of_another_alphabet_is_shown_with_escapes(tmp_path):
    write_images(tmp_path)
    (tmp_path / "test/cat").rename(tmp_path / "test/c\u0430t")
    sentence = r"the class cat in train but not in test, which has 'c\\u0430t' instead of 'cat'"
    with pytest.raises(UserError, match=sentence):
        load_dataset(tmp_path, FOLDER)


@pytest.mark.parametrize(
    ("train", "test"),
    [("caf\u00e9", "cafe\u0301"), ("caf\u00e9", "Caf\u00e9"), ("sea bee", "sea  bee"), ("bee", "bee ")],
)
def test_class_names_that_look_alike_are_shown_with_escapes(tmp_path, train, test):
    write_images(tmp_path)
    (tmp_path / "train/cat").rename(tmp_path / "train" / train)
    (tmp_path / "test/cat").rename(tmp_path / "test" / test)
    with pytest.raises(UserError, match="look alike but differ") as raised:
        load_dataset(tmp_path, FOLDER)
    assert ascii(train) in str(raised.value) and ascii(test) in str(raised.value)
