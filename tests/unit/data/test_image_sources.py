"""Detection of labelled images in every supported layout."""

import gzip
import json
import struct
import tarfile
import zipfile
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from cifarbench.data.image_sources import find_images
from cifarbench.data.own_images import read_images
from cifarbench.errors import UserError
from helpers.own_images import digits, write_class_folders

SHAPE = (1, 8, 8)


def counts(source):
    return dict(Counter((record.split, record.label) for record in source.records))


def all_pixels(source):
    return read_images(source, SHAPE, "pad", 2).pixels


def expected():
    """Return the pixels of three classes with four images each, ordered by class and name."""
    pixels = {}
    for name, image in digits(4):
        pixels.setdefault(name, []).append(np.asarray(image).reshape(-1))
    return np.stack([row for name in sorted(pixels) for row in pixels[name]])


def packed_zip(folder, path):
    with zipfile.ZipFile(path, "w") as file:
        for name in sorted(folder.rglob("*")):
            file.write(name, f"outer/{name.relative_to(folder)}")
        file.writestr("__MACOSX/outer/one/._004.png", b"x")
    return path


def packed_tar(folder, path):
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, "./outer")
    return path


PACKED = {
    "folder": lambda folder, out: folder,
    "zip": lambda folder, out: packed_zip(folder, out / "x.zip"),
    "tar": lambda folder, out: packed_tar(folder, out / "x.tar.gz"),
}


@pytest.mark.parametrize("kind", PACKED)
def test_class_folders_are_found_also_in_archives(tmp_path, kind):
    folder = tmp_path / "digits"
    write_class_folders(folder, 4)
    for junk in (".DS_Store", "Thumbs.db", "one/._004.png", "one/desktop.ini", "notes.txt"):
        (folder / junk).write_bytes(b"x")
    source = find_images(PACKED[kind](folder, tmp_path))
    assert source.classes == ["one", "two", "zero"]
    assert counts(source) == {("", name): 4 for name in source.classes}
    assert np.array_equal(all_pixels(source), expected())


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "test"), ("train", "test")),
        (("Training", "testing"), ("train", "test")),
        (("train", "val"), ("train", "test")),
        (("train", "valid", "test"), ("train", "train", "test")),
        (("train",), ("",)),
    ],
)
@pytest.mark.parametrize("inner", [False, True])
def test_folders_of_a_split_are_recognised(tmp_path, folders, splits, inner):
    # A subfolder in each class is a split only if there are several.
    for folder in folders:
        for name in ("a", "b"):
            path = tmp_path / (f"{name}/{folder}" if inner and len(folders) > 1 else f"{folder}/{name}")
            path.mkdir(parents=True)
            Image.new("L", (8, 8)).save(path / f"{folder}.png")
    source = find_images(tmp_path)
    assert counts(source) == dict(Counter((split, name) for split in splits for name in ("a", "b")))


def test_unlabelled_test_images_are_left_out(tmp_path):
    write_class_folders(tmp_path / "train", 4)
    (tmp_path / "test").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "test/1.png")
    source = find_images(tmp_path)
    assert not any(record.split for record in source.records) and len(source.records) == 12
    assert source.notes == ["Images in no class folder were left out: 1, such as test/1.png."]


def test_the_last_folder_is_the_class(tmp_path):
    for name in ("a/cat", "b/cat", "b/dog"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / name / "1.jpg")
    assert counts(find_images(tmp_path)) == {("", "cat"): 2, ("", "dog"): 1}


def test_numbers_are_sorted_by_value(tmp_path):
    for name in ("10", "9", "0"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / name / "1.png")
    assert find_images(tmp_path).classes == ["0", "9", "10"]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("labels.csv", "file,label,split,group\n{}"),
        ("labels.csv", "Image;Class;Subset;Group\n{}"),
        ("labels.tsv", "id\tcategory\tset\tgroup\n{}"),
        ("metadata.jsonl", ""),
    ],
)
def test_a_table_has_labels_splits_and_groups(tmp_path, table, text):
    rows = []
    for number, (name, image) in enumerate(digits(4)):
        image.save(tmp_path / f"{number:02}.png")
        rows.append((f"{number:02}.png", name, "test" if number % 4 == 0 else "train", f"p{number // 2}"))
    if table.endswith("jsonl"):
        keys = ("file_name", "label", "split", "group")
        lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in rows]
    else:
        separator = next(character for character in text if character in ",;\t")
        # Names without a suffix are found as well.
        rows[0] = (rows[0][0].removesuffix(".png"), *rows[0][1:])
        lines = [text.format("").strip(), *(separator.join(row) for row in rows)]
    (tmp_path / table).write_text("\n".join(lines))
    for path in (tmp_path, tmp_path / table):
        source = find_images(path)
        assert counts(source) == {
            (split, name): n for name in ("zero", "one", "two") for split, n in (("train", 3), ("test", 1))
        }
        assert {r.name: r.group for r in source.records}["03.png"] == "p1"
        assert np.array_equal(np.sort(all_pixels(source), 0), np.sort(expected(), 0))


def test_missing_files_of_a_table_are_listed(tmp_path):
    write_class_folders(tmp_path, 4)
    (tmp_path / "t.csv").write_text("\n".join(["file,label", "one/004.png,a", "two/008.png,b", "gone.png,a"]))
    assert find_images(tmp_path / "t.csv").missing == ["gone.png"]


def test_unrelated_tables_are_ignored(tmp_path):
    write_class_folders(tmp_path, 4)
    (tmp_path / "people.csv").write_text("id,label\n77,x\n78,y\n")
    assert find_images(tmp_path).layout == "class folders"


def as_npz(path, x="x_{}", y="y_{}", floats=False, **more):
    pixels, labels = [], []
    for name, image in digits(4):
        pixels.append(np.asarray(image))
        labels.append(["zero", "one", "two"].index(name))
    pixels, labels = np.stack(pixels), np.array(labels)[:, None]
    is_test = np.arange(12) % 4 == 0
    arrays = {}
    for part, rows in (("train", ~is_test), ("test", is_test)):
        arrays[x.format(part)] = pixels[rows] / 255 if floats else pixels[rows]
        arrays[y.format(part)] = labels[rows]
    np.savez(path, **arrays, **more)


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (("x_{}", "y_{}"), {}),
        (("x_{}", "y_{}"), {"floats": True}),
        (("{}_images", "{}_labels"), {"classes": np.array(["zero", "one", "two"])}),
    ],
)
def test_arrays_of_an_npz_are_read(tmp_path, names, more):
    as_npz(tmp_path / "a.npz", *names, **more)
    source = find_images(tmp_path / "a.npz")
    assert source.classes == (["zero", "one", "two"] if "classes" in more else ["0", "1", "2"])
    assert Counter(record.split for record in source.records) == {"train": 9, "test": 3}
    assert np.array_equal(np.sort(all_pixels(source), 0), np.sort(expected(), 0))


def test_arrays_without_a_split_are_read(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array(["b", "a"] * 3))
    source = find_images(tmp_path / "a.npz")
    assert counts(source) == {("", "a"): 3, ("", "b"): 3}
    pixels = read_images(source, (3, 8, 8), "pad", 1).pixels
    assert np.array_equal(pixels[0].reshape(3, 8, 8), images[1])


def test_idx_files_are_read(tmp_path):
    for part, n in (("train", 6), ("t10k", 3)):
        pixels = np.arange(n * 64, dtype=np.uint8).reshape(n, 8, 8)
        header = struct.pack(">HBBIII", 0, 8, 3, n, 8, 8)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels.tobytes()))
        labels = bytes(row % 3 for row in range(n))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, n) + labels)
    source = find_images(tmp_path)
    assert counts(source) == {("train", str(n)): 2 for n in range(3)} | {
        ("test", str(n)): 1 for n in range(3)
    }
    # Images of class 0: the first test image, then training images 0 and 3.
    assert all_pixels(source)[2].tolist() == [*range(192, 256)]


@pytest.mark.parametrize("hub", [True, False])
def test_parquet_files_are_read(tmp_path, hub):
    import io

    for part, number in (("train", 4), ("test", 1)):
        contents, labels = [], []
        for name, image in digits(number):
            file = io.BytesIO()
            image.save(file, "PNG")
            contents.append({"bytes": file.getvalue(), "path": None})
            labels.append(["zero", "one", "two"].index(name))
        table = pa.table({"image": contents, "label": labels if hub else [f"c{n}" for n in labels]})
        if hub:
            features = {
                "image": {"_type": "Image"},
                "label": {"_type": "ClassLabel", "names": ["zero", "one", "two"]},
            }
            table = table.replace_schema_metadata(
                {"huggingface": json.dumps({"info": {"features": features}})}
            )
        pq.write_table(table, tmp_path / f"{part}-00000-of-00001.parquet")
    source = find_images(tmp_path)
    assert source.classes == (["zero", "one", "two"] if hub else ["c0", "c1", "c2"])
    assert Counter(record.split for record in source.records) == {"train": 12, "test": 3}
    one_file = find_images(tmp_path / "train-00000-of-00001.parquet")
    assert not any(record.split for record in one_file.records) and np.array_equal(
        np.sort(all_pixels(one_file), 0), np.sort(expected(), 0)
    )


def refused(tmp_path, build, sentence):
    folder = tmp_path / "f"
    folder.mkdir()
    path = build(folder) or folder
    with pytest.raises(UserError, match=sentence) as caught:
        find_images(path)
    assert "\n" not in str(caught.value)


def image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8)).save(path)


def table(folder, text):
    image(folder / "1.png")
    image(folder / "2.png")
    (folder / "t.csv").write_text(text)
    return folder / "t.csv"


REFUSED = {
    "nothing": (lambda f: None, "has no images .* it holds nothing"),
    "only texts": (lambda f: (f / "a.txt").write_text("x") and None, "it holds 1 x .txt"),
    "one class": (lambda f: image(f / "cat/1.png"), "has the class cat only; give at least two"),
    "no class folders": (lambda f: image(f / "1.png"), "but no folders of classes"),
    "a long class": (
        lambda f: [image(f / ("c" * 200) / "1.png"), image(f / "d/1.png")][2:] or None,
        "as the name of a class",
    ),
    "missing": (lambda f: f / "gone", "there is no such file or folder"),
    "another file": (lambda f: (f / "a.pdf").write_text("x") and f / "a.pdf", "no file of a known type"),
    "no zip": (lambda f: (f / "a.zip").write_text("x") and f / "a.zip", "can't be read as an archive"),
    "no npz": (lambda f: (f / "a.npz").write_text("x") and f / "a.npz", "can't be read as .npz"),
    "no columns": (lambda f: table(f, "a,b\n1,2\n"), "begin it with file,label"),
    "no label": (lambda f: table(f, "file,label\n1.png,\n"), "no label for 1.png in line 2"),
    "twice": (lambda f: table(f, "file,label\n1.png,a\n1.png,b\n"), "lists 1.png twice; delete line 3"),
    "a split": (lambda f: table(f, "file,label,split\n1.png,a,x\n"), "has the split x in line 2"),
    "half a split": (
        lambda f: table(f, "file,label,split\n1.png,a,train\n2.png,b,\n"),
        "2.png in .* is in none of train and test",
    ),
    "a link out": (lambda f: (f / "a").mkdir() or (f / "a/1.png").symlink_to("/etc/passwd"), "leads out of"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_invalid_sources_end_in_one_sentence(tmp_path, fault):
    build, sentence = REFUSED[fault]
    refused(tmp_path, build, sentence)


@pytest.mark.parametrize("name", ["-", "a,b", '"x"', "<b>", "класс", "a b", "$HOME", "%s", "{x}"])
def test_unusual_class_names_are_accepted(tmp_path, name):
    image(tmp_path / name / "1.png")
    image(tmp_path / "b" / "1.png")
    assert set(find_images(tmp_path).classes) == {name, "b"}


def test_paths_out_of_an_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("../a/1.png", b"x")
    with pytest.raises(UserError, match="whose path leads out of the archive"):
        find_images(tmp_path / "a.zip")
