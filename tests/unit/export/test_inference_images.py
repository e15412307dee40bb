"""Pictures of any folder: each is read as the dataset was, or refused in a sentence; the others are still read."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifarbench.errors import UserError
from cifarbench.export.inference_images import load_images
from cifarbench.models.saved_model import SavedModel
from helpers.nobody import ordinary_user

SHAPE = [3, 4, 5]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good picture."""
    Image.fromarray(good()).save(tmp_path / "good.png")
    return tmp_path


def good() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)


def stored(**more) -> SavedModel:
    return SavedModel(Path("results"), "mlp", {}, {"image_shape": SHAPE, "classes": ["ant", "bee"], **more})


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 5)).save(path, "JPEG", exif=exif)


def animated(path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (5, 4), color) for color in ("red", "blue")]
    frames[0].save(path, kind, save_all=True, append_images=frames[1:])


# What else is no picture: tests/unit/data/test_image_folder.py.
REFUSED = {
    "no picture": (lambda path: path.write_text("a shopping list"), "it is neither PNG nor JPEG"),
    "cut off": (lambda path: path.write_bytes((path.parent / "good.png").read_bytes()[:60]), "can't be read"),
    "another size": (lambda path: Image.new("RGB", (6, 4)).save(path, "PNG"), "is 6 x 4 pixels, not 5 x 4"),
    "an animated GIF": (lambda path: animated(path, "GIF"), "it is neither PNG nor JPEG"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_no_such_picture_is_told_of_and_the_others_are_read(folder, wrong):
    write, said = REFUSED[wrong]
    write(folder / "a.png")
    found = load_images(folder, stored())
    assert found.paths == ["good.png"]
    assert np.array_equal(found.pixels[0].reshape(3, 4, 5).transpose(1, 2, 0), good())
    (sentence,) = found.rejected
    assert sentence.startswith(f"{folder / 'a.png'} ")
    assert said in sentence
    assert "\n" not in sentence


CHANGED = {
    "turned by a camera": (turned, "was turned, as its EXIF says"),
    "CMYK": (lambda path: Image.new("CMYK", (5, 4)).save(path, "JPEG"), "was brought from CMYK to RGB"),
    "an animated PNG": (lambda path: animated(path, "PNG"), "holds 2 pictures; the first was taken"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_what_had_to_be_done_to_a_picture_is_told(folder, kind):
    write, said = CHANGED[kind]
    write(folder / "a.jpg")
    found = load_images(folder, stored())
    assert (found.paths, found.rejected) == (["a.jpg", "good.png"], [])
    (sentence,) = found.warnings
    assert said in sentence


def test_another_size_is_scaled_where_the_dataset_was_or_if_one_asks(folder):
    Image.new("RGB", (10, 8), "red").save(folder / "a.png")
    for found in (load_images(folder, stored(resize=True)), load_images(folder, stored(), resize=True)):
        assert found.paths == ["a.png", "good.png"]
        assert found.pixels[0].reshape(3, 20).tolist() == [[255] * 20, [0] * 20, [0] * 20]


def test_a_file_name_that_is_not_utf_8_is_skipped(folder):
    (folder / "good.png").rename(folder / "ok.png")
    for name in (b"caf\xe9.png", b"folder\xff/a.png"):
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(good()).save(path, "PNG")
    images = load_images(folder, stored())
    assert images.paths == ["ok.png"]
    assert [sentence.partition(" in ")[0] for sentence in images.rejected] == [
        r"'caf\udce9.png'",
        r"'folder\udcff/a.png'",
    ]
    assert all(sentence.endswith("has a name that is not UTF-8; rename it.") for sentence in images.rejected)


def test_subfolders_are_read_and_hidden_files_are_not(folder):
    (folder / "sub/deeper").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for place in ("sub/deeper/b.png", ".hidden/c.png", ".d.png"):
        Image.fromarray(good()).save(folder / place)
    assert load_images(folder, stored()).paths == ["good.png", "sub/deeper/b.png"]


def test_a_folder_without_pictures_is_refused_with_the_reasons(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"holds no picture that can be read.*\n.*notes.txt can't be read"):
        load_images(tmp_path, stored())
    with pytest.raises(UserError, match="is no folder"):
        load_images(tmp_path / "missing", stored())


def test_folders_and_files_without_rights_are_told_of(tmp_path):
    for place in ("open/a.png", "shut/b.png", "open/c.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        Image.fromarray(good()).save(tmp_path / place)
    (tmp_path / "shut").chmod(0)
    (tmp_path / "open/c.png").chmod(0)
    with ordinary_user(tmp_path):
        found = load_images(tmp_path, stored())
    assert found.paths == ["open/a.png"]
    folder, file = found.rejected
    assert f"{tmp_path / 'shut'} can't be opened (Permission denied)" in folder
    assert f"{tmp_path / 'open/c.png'} can't be read as a picture (Permission denied)" in file
