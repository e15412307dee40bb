"""A folder of pictures becomes arrays, or ends in one sentence that names the file and the mend."""

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


def pictures(folder, **save):
    """Two training pictures and a test picture of each of two classes; what they show, by path."""
    rng = np.random.default_rng(0)
    shown = {}
    names = ["train/cat/b.png", "train/cat/a.png", "train/dog/x/1.png", "train/dog/2.PNG"]
    for name in [*names, "test/cat/1.png", "test/dog/1.png"]:
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


def png(path, width, height, bits, values):
    """A PNG in colours, whatever it claims."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
    content = head + chunk(b"IDAT", zlib.compress(values)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


# What stands in the place of a picture, and what is said of it.
NO_PICTURES = {
    "a text": (lambda path: path.write_text("<html>"), "it is neither PNG nor JPEG"),
    "an empty file": (lambda path: path.write_bytes(b""), "it is neither PNG nor JPEG"),
    "half a picture": (lambda path: path.write_bytes(path.with_name("b.png").read_bytes()[:80]), ""),
    "16 bits, grey": (lambda path: Image.new("I;16", (5, 4)).save(path), "more than 8 bits a channel"),
    "16 bits, colours": (lambda path: png(path, 5, 4, 16, 4 * bytes(31)), "more than 8 bits a channel"),
    "a bomb": (lambda path: png(path, 20_000, 20_000, 8, b""), "it claims more pixels than a photograph"),
    "another format": (lambda path: Image.new("RGB", (5, 4)).save(path, "BMP"), "neither PNG nor JPEG"),
    "a link to a text": (lambda path: linked(path, path.with_name("notes.txt")), "neither PNG nor JPEG"),
}


@pytest.mark.parametrize("fault", NO_PICTURES)
def test_what_is_no_picture_is_refused(tmp_path, fault):
    pictures(tmp_path)
    (tmp_path / "train/cat/notes.txt").write_text("x")
    change, reason = NO_PICTURES[fault]
    change(tmp_path / "train/cat/a.png")
    with pytest.raises(UserError, match=rf"cat/a.png can't be read as a picture \(.*{reason}"):
        load_dataset(tmp_path, FOLDER)


FOLDER_FAULTS = {
    "no train": (lambda f: (f / "train").rename(f / "training"), "train is no folder; expected one with"),
    "no test": (lambda f: (f / "test").rename(f / "t"), "test is no folder"),
    "a class only in train": (lambda f: (f / "train/eel").mkdir(), "the class eel in train but not in test"),
    "a class only in test": (lambda f: (f / "test/eel").mkdir(), "the class eel in test but not in train"),
    "a class too many": (lambda f: [(f / p / "eel").mkdir() for p in ("train", "test")], "names 3 classes"),
    "a picture too few": (
        lambda f: (f / "train/cat/a.png").unlink(),
        "train has 3 pictures; expected 4, as n_",
    ),
    "a link that leads nowhere": (
        lambda f: linked(f / "train/cat/a.png", "nowhere.png"),
        r"cat/a.png is a link that leads nowhere \(to nowhere.png\); mend it or take it away",
    ),
    "a link to itself": (
        lambda f: linked(f / "test/cat/1.png", f / "test/cat/1.png"),
        "link that leads nowhere",
    ),
    "a link out of the folder": (
        lambda f: linked(f / "train/cat/a.png", __file__),
        r"cat/a.png is a link that leads out of .*; put a copy of the picture in its place \(cp -L\)",
    ),
    "a link to the folder itself": (
        lambda f: (f / "train/cat/again").symlink_to(f / "train/cat"),
        "cat/again is a link to a folder; put a copy of that folder in its place",
    ),
    "a class that is a link": (
        lambda f: [(f / "train/dog").rename(f / "dogs"), (f / "train/dog").symlink_to(f / "dogs")],
        "train/dog is a link to a folder",
    ),
    "a part that is a link": (
        lambda f: [(f / "test").rename(f / "others"), (f / "test").symlink_to(f / "others")],
        "test is a link to a folder",
    ),
    "pictures of another kind": (
        lambda f: [(f / "train/cat/a.png").unlink(), (f / "train/cat/c.webp").touch()],
        "train has 3 pictures, besides files that are neither .png nor .jpg, such as .*/cat/c.webp; expected 4",
    ),
    "10,000 files in a class": (
        lambda f: [(f / f"train/cat/{number}.jpg").touch() for number in range(10_000)],
        "train has 10004 pictures; expected 4",
    ),
    "a class without pictures": (
        lambda f: (f / "test/cat/1.png").unlink(),
        "test/cat has no pictures; put some",
    ),
}


def linked(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("fault", FOLDER_FAULTS)
def test_a_folder_that_is_not_as_declared(tmp_path, fault):
    pictures(tmp_path)
    change, message = FOLDER_FAULTS[fault]
    change(tmp_path)
    with pytest.raises(UserError, match=message):
        load_dataset(tmp_path, FOLDER)


def test_a_link_to_a_picture_of_the_folder_is_that_picture(tmp_path):
    shown = pictures(tmp_path)
    linked(tmp_path / "train/cat/a.png", "../dog/2.PNG")
    row = load_dataset(tmp_path, FOLDER).train_images[0]
    assert np.array_equal(row.reshape(3, 4, 5).transpose(1, 2, 0), shown["train/dog/2.PNG"])


def test_what_lies_behind_hidden_names_and_other_links_does_not_matter(tmp_path):
    pictures(tmp_path)
    (tmp_path / "train/cat/.cache").symlink_to("/")
    (tmp_path / "train/cat/notes.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "train/cat/pipe.png")
    assert len(load_dataset(tmp_path, FOLDER).train_labels) == 4


def test_a_name_that_is_no_text(tmp_path):
    pictures(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/train/cat/\xff.png")).touch()
    with pytest.raises(UserError, match=r"cat/.*dcff.png. in .* has a name that is no UTF-8; rename it"):
        check_archive(tmp_path)


@pytest.mark.parametrize("unreadable", ["train/cat/a.png", "train/cat"])
def test_pictures_that_may_not_be_read(tmp_path, unreadable):
    pictures(tmp_path)
    (tmp_path / unreadable).chmod(0)
    with ordinary_user(tmp_path):
        with pytest.raises(
            UserError, match=rf"{unreadable} .*can't be read.*Permission denied.*take it away"
        ):
            check_archive(tmp_path)
        with pytest.raises(UserError, match=rf"{unreadable} can't be read.*Permission denied"):
            load_dataset(tmp_path, FOLDER)


def test_a_letter_of_another_alphabet_is_shown_with_escapes(tmp_path):
    pictures(tmp_path)
    (tmp_path / "test/cat").rename(tmp_path / "test/c\u0430t")
    sentence = r"the class cat in train but not in test, which has 'c\\u0430t' instead of 'cat'"
    with pytest.raises(UserError, match=sentence):
        load_dataset(tmp_path, FOLDER)


@pytest.mark.parametrize(
    ("train", "test"),
    [("caf\u00e9", "cafe\u0301"), ("caf\u00e9", "Caf\u00e9"), ("sea bee", "sea  bee"), ("bee", "bee ")],
)
def test_class_names_that_look_alike_are_shown_with_escapes(tmp_path, train, test):
    pictures(tmp_path)
    (tmp_path / "train/cat").rename(tmp_path / "train" / train)
    (tmp_path / "test/cat").rename(tmp_path / "test" / test)
    with pytest.raises(UserError, match="look alike but differ") as raised:
        load_dataset(tmp_path, FOLDER)
    assert ascii(train) in str(raised.value)
    assert ascii(test) in str(raised.value)
