"""Reading new images as the dataset was read, and skipping of other files with an error message."""

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from cifarbench.errors import UserError
from cifarbench.export.inference_images import load_images
from cifarbench.models.saved_model import SavedModel
from helpers.nobody import ordinary_user

SHAPE = [3, 4, 5]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one valid image."""
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


# Other unreadable images: tests/unit/data/test_image_folder.py.
REJECTED = {
    "no image": (lambda path: path.write_text("a shopping list"), "it is none of PNG"),
    "another size": (lambda path: Image.new("RGB", (6, 4)).save(path, "PNG"), "is 6 x 4 pixels, not 5 x 4"),
}


@pytest.mark.parametrize("fault", REJECTED)
def test_other_files_are_rejected_and_images_are_read(folder, fault):
    write, message = REJECTED[fault]
    write(folder / "a.png")
    images = load_images(folder, stored())
    assert images.paths == ["good.png"]
    assert np.array_equal(images.pixels[0].reshape(3, 4, 5).transpose(1, 2, 0), good())
    (sentence,) = images.rejected
    assert sentence.startswith(f"{folder / 'a.png'} ") and message in sentence and "\n" not in sentence


CONVERTED = {
    "rotated by a camera": (turned, "was rotated by its EXIF orientation"),
    "CMYK": (lambda path: Image.new("CMYK", (5, 4)).save(path, "JPEG"), "was converted from CMYK to RGB"),
    "an animated GIF": (lambda path: animated(path, "GIF"), "has 2 frames; the first was used"),
    "an animated PNG": (lambda path: animated(path, "PNG"), "has 2 frames; the first was used"),
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_conversions_are_reported(folder, kind):
    write, message = CONVERTED[kind]
    write(folder / "a.jpg")
    images = load_images(folder, stored())
    assert (images.paths, images.rejected) == (["a.jpg", "good.png"], [])
    (sentence,) = images.warnings
    assert message in sentence


def test_images_are_resized_if_the_dataset_was_or_on_request(folder):
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
    names = [sentence.partition(" in ")[0] for sentence in images.rejected]
    assert names == [r"'caf\udce9.png'", r"'folder\udcff/a.png'"]
    assert all(sentence.endswith("has a name that is not UTF-8; rename it.") for sentence in images.rejected)


def test_subfolders_are_read_and_hidden_files_are_not(folder):
    (folder / "sub/deeper").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("sub/deeper/b.png", ".hidden/c.png", ".d.png"):
        Image.fromarray(good()).save(folder / name)
    assert load_images(folder, stored()).paths == ["good.png", "sub/deeper/b.png"]


def test_folder_without_images_is_refused_with_reasons(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"has no readable image.*\n.*notes.txt can't be read"):
        load_images(tmp_path, stored())
    with pytest.raises(UserError, match="does not exist; name a folder"):
        load_images(tmp_path / "missing", stored())


def parquet(path: Path, folder: Path) -> None:
    images = [{"bytes": file.read_bytes(), "path": file.name} for file in sorted(folder.rglob("*.png"))]
    pq.write_table(pa.table({"image": images}), path)


def npz(path: Path, folder: Path) -> None:
    images = [np.asarray(Image.open(file)) for file in sorted(folder.rglob("*.png"))]
    np.savez(path, images=np.stack(images), scale=np.ones(2))


# Formats in which the images of `ant/0.png` and `bee/1.png` are written.
SOURCES = {
    "new.zip": lambda path, folder: shutil.make_archive(str(path.with_suffix("")), "zip", folder),
    "new.tar.gz": lambda path, folder: shutil.make_archive(str(path.parent / "new"), "gztar", folder),
    "images/new.csv": lambda path, folder: path.write_text("file,who\nant/0.png,a\nbee/1.png,b\n"),
    "new.npz": npz,
    "new.parquet": parquet,
    "hub": lambda path, folder: (path.mkdir(), parquet(path / "test.parquet", folder)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_sources_without_labels_are_read_as_folders_are(tmp_path, name):
    folder = tmp_path / "images"
    for number, file in enumerate(("ant/0.png", "bee/1.png")):
        (folder / file).parent.mkdir(parents=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (9, 6, 3), np.uint8)).save(
            folder / file
        )
    expected = load_images(folder, stored(resize="pad"))
    SOURCES[name](tmp_path / name, folder)
    found = load_images(tmp_path / name, stored(resize="pad"))
    assert np.array_equal(found.pixels, expected.pixels) and len(set(found.paths)) == 2
    if "parquet" in name or name in ("new.npz", "hub"):
        assert all(path.endswith(("000000", "000001")) for path in found.paths)
    else:
        assert found.paths == expected.paths == ["ant/0.png", "bee/1.png"]
    with pytest.raises(UserError, match=r"6 x 9 pixels, not 5 x 4 .*RESIZE=1"):
        load_images(tmp_path / name, stored())


WRONG = {
    "a.csv": ("name,who\nx,y\n", "has no column of files in its first line"),
    "b.csv": ("file\nmissing.png\n", "missing.png can't be read"),
    "c.npz": ("no zip", "can't be read as .npz"),
    "d.parquet": ("no table", "can't be read as Parquet"),
    "e.txt": ("", "which is no folder and no file of a known type"),
}


@pytest.mark.parametrize("name", WRONG)
def test_invalid_sources_end_in_a_sentence(tmp_path, name):
    content, sentence = WRONG[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=sentence):
        load_images(tmp_path / name, stored())


def test_unreadable_folders_and_files_are_reported(tmp_path):
    for name in ("open/a.png", "shut/b.png", "open/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(good()).save(tmp_path / name)
    (tmp_path / "shut").chmod(0)
    (tmp_path / "open/c.png").chmod(0)
    with ordinary_user(tmp_path):
        found = load_images(tmp_path, stored())
    assert found.paths == ["open/a.png"]
    folder, file = found.rejected
    assert f"{tmp_path / 'shut'} can't be opened (Permission denied)" in folder
    assert f"{tmp_path / 'open/c.png'} can't be read as an image (Permission denied)" in file
