"""Reading images of all formats, and splitting them into training and test images."""

import csv
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from cifarbench.data.group_split import (
    draw_folds,
    draw_test_groups,
    draw_test_images,
    find_name_groups,
    groups_of_names,
    merge_groups,
    n_test_images,
    number_groups,
)
from cifarbench.data.image_file import read_header, read_image
from cifarbench.data.image_sources import ImageRecord, find_images
from cifarbench.data.own_images import divide_images, read_images
from cifarbench.errors import UserError
from helpers.own_images import NAMES, digits, write_class_folders


def gray_ramp(side=8):
    return np.arange(side * side, dtype=np.uint8).reshape(side, side) * (255 // (side * side - 1))


def oriented(path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(gray_ramp())).save(path, exif=exif, quality=100, subsampling=0)


FORMATS = {
    "png": lambda path: Image.fromarray(gray_ramp()).save(path),
    "PNG": lambda path: Image.fromarray(gray_ramp()).save(path),
    "bmp": lambda path: Image.fromarray(gray_ramp()).convert("RGB").save(path),
    "tiff": lambda path: Image.fromarray(gray_ramp()).save(path),
    "gif": lambda path: Image.fromarray(gray_ramp()).save(path),
    "webp": lambda path: Image.fromarray(gray_ramp()).convert("RGB").save(path, lossless=True),
    "16.png": lambda path: Image.fromarray(gray_ramp().astype(np.uint16) * 257).save(path),
    "16.tif": lambda path: Image.fromarray(gray_ramp().astype(np.uint16) * 257).save(path),
    "alpha.png": lambda path: Image.fromarray(gray_ramp()).convert("LA").save(path),
    "palette.png": lambda path: Image.fromarray(gray_ramp()).convert("P").save(path),
    "jpg": lambda path: Image.fromarray(gray_ramp()).save(path, quality=100),
    "cmyk.jpg": lambda path: Image.fromarray(gray_ramp()).convert("CMYK").save(path, quality=100),
    "exif.jpg": oriented,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_has_the_same_pixels(tmp_path, name, channels):
    path = tmp_path / f"a.{name}"
    FORMATS[name](path)
    row, _ = read_image(path, (channels, 8, 8), "pad")
    # JPEG compression is lossy.
    tolerance = 4 if name.endswith("jpg") else 1
    for plane in row.reshape(channels, 8, 8).astype(int):
        assert np.abs(plane - gray_ramp()).max() <= tolerance


def test_the_size_of_a_rotated_image_follows_its_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    assert read_header(tmp_path / "a.jpg") == ("JPEG", "RGB", 10, 20)


@pytest.mark.parametrize(
    ("mode", "corner", "center"), [("pad", 0, 255), ("crop", 255, 255), ("stretch", 255, 255)]
)
def test_resize_modes_pad_crop_and_stretch(tmp_path, mode, corner, center):
    Image.new("L", (40, 20), 255).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", (1, 10, 10), mode)[0].reshape(10, 10)
    assert (image[0, 0], image[5, 5]) == (corner, center)


def test_a_large_jpeg_is_reduced_while_decoding(tmp_path):
    smooth = np.add.outer(np.arange(800), np.arange(800)) * (255 / 1598)
    Image.fromarray(smooth.astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
    fast, full = (read_image(tmp_path / "a.jpg", (1, 32, 32), mode)[0].astype(int) for mode in ("crop", True))
    assert np.abs(fast - full).max() <= 3


def test_unreadable_images_are_skipped_with_their_reason(tmp_path):
    write_class_folders(tmp_path, 10)
    (tmp_path / "one/010.png").write_bytes(b"no image")
    source = find_images(tmp_path)
    read = read_images(source, (1, 8, 8), "pad", 1)
    assert len(read.records) == len(read.pixels) == 29
    ((name, reason),) = read.skipped
    assert name == "one/010.png" and reason.startswith("can't be read as an image (it is none of PNG")
    again = read_images(source, (1, 8, 8), "pad", 3)
    assert again.records == read.records and np.array_equal(again.pixels, read.pixels)


def test_progress_is_logged(tmp_path, monkeypatch, caplog):
    write_class_folders(tmp_path, 2)
    monkeypatch.setattr("cifarbench.data.own_images.PROGRESS_SECONDS", 0)
    with caplog.at_level("INFO"):
        read_images(find_images(tmp_path), (1, 8, 8), "pad", 1)
    assert re.fullmatch(r"read 6 of 6 images, \d+ per second", caplog.messages[-1])


def test_too_many_unreadable_images_are_refused(tmp_path):
    names = write_class_folders(tmp_path, 10)
    for name in names[:2]:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:60])
    with pytest.raises(
        UserError, match="has 2 of 30 images that can't be read, more than 5%, such as one/010"
    ):
        read_images(find_images(tmp_path), (1, 8, 8), "pad", 2)


# ---- The split ----


@pytest.mark.parametrize(("count", "n_test"), [(1, 0), (2, 1), (3, 1), (7, 1), (8, 2), (10, 2), (100, 20)])
def test_a_fifth_of_each_class_is_for_testing(count, n_test):
    assert n_test_images(count) == n_test
    assert draw_test_images(np.zeros(count, int), 0).sum() == n_test


def test_the_split_depends_on_the_seed():
    labels = np.repeat(np.arange(3), 20)
    first, again, other = (draw_test_images(labels, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.bincount(labels[first]).tolist() == [4, 4, 4]


def test_groups_are_not_split():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 100)
    groups = random.integers(0, 60, 300)
    is_test = draw_test_groups(labels, groups, 0)
    assert not {*groups[is_test]} & {*groups[~is_test]}
    assert 45 <= is_test.sum() <= 75 and set(labels[is_test]) == {0, 1, 2}


def test_groups_of_many_small_classes_are_distributed():
    labels = np.repeat(np.arange(50), 3)
    groups = np.arange(150)
    groups[3] = groups[0]
    is_test = draw_test_groups(labels, groups, 0)
    assert is_test[0] == is_test[3]
    assert {*labels[is_test]} == {*labels[~is_test]} == {*range(50)}


def test_a_large_group_is_for_training():
    labels = np.repeat([0, 1, 2], 100)
    groups = np.where(np.arange(300) < 60, 0, np.arange(300))
    is_test = draw_test_groups(labels, groups, 0)
    assert not is_test[:60].any() and np.abs(np.bincount(labels[is_test]) - 20).max() <= 10


def test_one_group_of_all_images_ends_in_a_sentence():
    with pytest.raises(UserError, match=r"can't be divided .* all are of one group"):
        draw_test_groups(np.repeat([0, 1], 5), np.zeros(10, int), 0)


def test_connected_pairs_form_groups():
    groups = merge_groups(np.arange(6), np.array([0, 4]), np.array([4, 5]))
    assert groups.tolist() == [0, 1, 2, 3, 0, 0]
    assert number_groups(["b", "", "b", ""]).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [(r"p\d+", ["p1", "p1", "p2", ""]), (r"p(\d+)", ["1", "1", "2", ""]), (r"^a/(x)?", ["", "", "", ""])],
)
def test_groups_are_found_by_a_regular_expression(pattern, groups):
    assert groups_of_names(["a/p1_1.png", "a/p1_2.png", "a/p2_1.png", "a/other.png"], pattern) == groups


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [("(", "neither a column .* nor a regular expression"), ("q", "matches no file name")],
)
def test_an_invalid_group_expression_ends_in_a_sentence(pattern, sentence):
    with pytest.raises(UserError, match=sentence):
        groups_of_names(["a/p1.png"], pattern)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([f"x/patient{n // 3}_{n % 3}.png" for n in range(30)], {"n": 10, "example": "patient9"}),
        ([f"x/IMG_{n:04}.jpg" for n in range(30)], None),
        ([f"cat/cat{n}.png" for n in range(30)], None),
        ([f"cat/cat_{n}.png" for n in range(30)], None),
        ([f"x/{n:04}.png" for n in range(30)], None),
    ],
)
def test_groups_are_suggested_from_file_names(names, found):
    assert find_name_groups(names, ["cat", "x"]) == found


def divided(n_per_class=10, groups=None, find_duplicates=None, **more):
    pairs = digits(n_per_class)
    records = [ImageRecord(f"{name}/{n:03}.png", name) for n, (name, _) in enumerate(pairs)]
    if groups:
        records = [record._replace(group=group) for record, group in zip(records, groups, strict=True)]
    pixels = np.stack([np.asarray(image).reshape(-1) for _, image in pairs])
    return divide_images(
        records, pixels, (1, 8, 8), sorted(NAMES[:3]), 0, find_duplicates=find_duplicates, **more
    ), pixels


def test_rows_keep_their_files_and_labels():
    division, pixels = divided()
    dataset = division.dataset
    assert (len(dataset.train_labels), len(dataset.test_labels)) == (24, 6)
    rows = np.concatenate([dataset.train_images, dataset.test_images])
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    for record, row, label in zip(division.records, rows, labels, strict=True):
        assert dataset.classes[label] == record.label
        assert np.array_equal(row, pixels[int(record.name[-7:-4])])


def test_near_duplicates_are_in_one_subset():
    pairs = np.arange(0, 30, 2), np.arange(1, 30, 2)
    division, _ = divided(find_duplicates=lambda images: pairs)
    side = {record.name[-7:-4]: record.split for record in division.records}
    assert all(side[f"{a:03}"] == side[f"{b:03}"] for a, b in zip(*pairs, strict=True))
    assert (division.summary["n_groups"], division.summary["n_grouped"]) == (15, 30)


def test_named_groups_and_near_duplicates_are_joined():
    groups = [f"g{n // 3}" for n in range(30)]
    division, _ = divided(groups=groups, find_duplicates=lambda images: (np.array([0]), np.array([29])))
    side = {record.name[-7:-4]: record.split for record in division.records}
    assert {side[f"{n:03}"] for n in (0, 1, 2, 27, 28, 29)} in ({"train"}, {"test"})


def test_a_user_defined_split_is_used(tmp_path):
    path = tmp_path / "split.csv"
    names = [f"{name}/{n:03}.png" for n, (name, _) in enumerate(digits(10))]
    rows = [(name, "test" if n % 10 < 3 else "train") for n, name in enumerate(names[:-1])]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("file", "split"), *rows])
    division, _ = divided(split_file=path)
    assert {(record.name, record.split) for record in division.records} == set(rows)
    assert Counter(division.dataset.test_labels.tolist()) == {0: 3, 1: 3, 2: 3}


def test_folds_are_stratified_and_keep_groups():
    labels, groups = np.repeat(np.arange(4), 15), np.arange(60) // 3
    folds = draw_folds(labels, groups, 5, 0)
    assert all(len(set(folds[groups == group])) == 1 for group in range(20))
    counts = np.array([np.bincount(folds[labels == label], minlength=5) for label in range(4)])
    assert (counts == 3).all()
    assert (draw_folds(labels, groups, 5, 1) != folds).any()
    with pytest.raises(UserError, match="can't be divided into 5 folds, since they are of fewer groups"):
        draw_folds(labels, np.arange(60) // 15, 5, 0)


def test_with_folds_all_images_are_test_images(tmp_path):
    division, pixels = divided(n_folds=5, find_duplicates=lambda images: (np.array([0]), np.array([29])))
    assert len(division.dataset.train_labels) == 0
    assert np.array_equal(
        division.dataset.test_images, pixels[[int(r.name[-7:-4]) for r in division.records]]
    )
    folds = division.folds
    assert [record.split for record in division.records] == [f"fold_{fold + 1}" for fold in folds]
    assert len(np.unique(folds)) == 5 and folds[0] == folds[29]
    path = tmp_path / "split.csv"
    with path.open("w", newline="") as file:
        rows = [(record.name, record.split) for record in division.records]
        csv.writer(file).writerows([("file", "split"), *rows[5:]])
    assert np.array_equal(divided(split_file=path)[0].folds, folds[5:])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "file,split\nzero/000.png,fold_1\none/010.png,test\ntwo/020.png,train\n",
            "both folds and train and test",
        ),
        (
            "file,split\nzero/000.png,fold_1\nzero/001.png,fold_2\none/010.png,fold_1\n",
            "class one has images in one fold",
        ),
        (
            "file,split,group\nzero/000.png,fold_1,a\nzero/001.png,fold_2,a\n",
            "group a in fold_2 and in fold_1",
        ),
        ("file,split\ngone.png,train\n", "line 2 has the file gone.png, which is not among"),
        ("file,split\nzero/000.png,dev\n", "has the split 'dev'; write train or test"),
        ("file,split\nzero/000.png,train\nzero/000.png,test\n", "lists zero/000.png twice; delete line 3"),
        ("file,split\nzero/000.png,train\n", "which has no test image"),
        ("file\nzero/000.png\n", "has no column split"),
        (
            "file,split,group\nzero/000.png,train,a\none/010.png,test,a\n",
            "has images of the group a in train and in test",
        ),
    ],
)
def test_an_invalid_split_file_ends_in_a_sentence(tmp_path, text, sentence):
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        divided(split_file=tmp_path / "split.csv")


def test_a_class_without_test_images_ends_in_a_sentence():
    with pytest.raises(UserError, match="The class one has no test images"):
        divided(n_per_class=1)
