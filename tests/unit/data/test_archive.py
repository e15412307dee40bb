"""Archives in CIFAR's layout: what is read, and what is refused, naming member, found and expected."""

import gzip
import tarfile
import tracemalloc

import numpy as np
import pytest

from cifarbench.data.cifar import CIFAR10, read_cifar
from cifarbench.data.provenance import (
    OFFICIAL_SHA256,
    check_archive,
    verify_archive_unchanged,
    write_receipt,
)
from cifarbench.data.tarball import MAX_MEMBERS
from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, sha256_file
from helpers.batches import (
    DECLARED,
    FOLDER,
    MEMBERS,
    NAMES,
    TRAIN,
    entry,
    make_batches,
    pickled,
    tarred,
    write_archive,
)


def read(path):
    return read_cifar(path, CIFAR10, DECLARED)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "archive.tar.gz"


def write_tar(path, *others, batches=None):
    """A whole archive with other entries before it."""
    members = pickled(batches or make_batches())
    entries = [*others, *(entry(f"{FOLDER}/{name}", content) for name, content in members.items())]
    path.write_bytes(gzip.compress(tarred(entries), 1))
    return path


def assert_right(dataset):
    batches = make_batches()
    assert np.array_equal(dataset.train_images, np.concatenate([batches[name][b"data"] for name in TRAIN]))
    assert np.array_equal(dataset.train_labels, np.concatenate([batches[name][b"labels"] for name in TRAIN]))
    assert np.array_equal(dataset.test_images, batches["test_batch"][b"data"])
    assert np.array_equal(dataset.test_labels, batches["test_batch"][b"labels"])
    assert dataset.train_images.dtype == np.uint8
    assert dataset.train_labels.dtype == np.int64
    assert dataset.classes == NAMES
    assert dataset.image_shape == (3, 4, 4)


@pytest.mark.parametrize("protocol", range(6))
def test_an_archive_becomes_arrays(path, protocol):
    assert_right(read(write_archive(path, make_batches(), protocol)))


def test_the_order_of_members_does_not_matter(path):
    assert_right(read(write_archive(path, dict(reversed(make_batches().items())))))


def test_folders_readmes_and_hidden_files_are_passed_over(path):
    others = [
        entry(FOLDER, type=tarfile.DIRTYPE),
        entry(f"{FOLDER}/readme.html", b"x" * 5000),
        entry(f"{FOLDER}/._data_batch_1", b"x"),
    ]
    assert_right(read(write_tar(path, *others)))


def test_labels_may_be_an_array(path):
    batches = make_batches()
    for name in [*TRAIN, "test_batch"]:
        batches[name][b"labels"] = np.array(batches[name][b"labels"], np.int32)
    assert_right(read(write_archive(path, batches)))


# ---- The tar ----

OUTSIDE = {
    "a path up": entry("../data_batch_1", b"x"),
    "a path up in the middle": entry(f"{FOLDER}/../../etc/passwd", b"x"),
    "an absolute path": entry("/etc/passwd", b"x"),
    "a link": entry(f"{FOLDER}/data_batch_6", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a link in place of a batch": entry(
        f"{FOLDER}/data_batch_1", type=tarfile.SYMTYPE, linkname="/etc/passwd"
    ),
    "a hard link": entry(f"{FOLDER}/data_batch_6", type=tarfile.LNKTYPE, linkname=f"{FOLDER}/data_batch_1"),
    "a device": entry("dev/zero", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "a disk": entry("dev/sda", type=tarfile.BLKTYPE, devmajor=8),
    "a pipe": entry("pipe", type=tarfile.FIFOTYPE),
    "a sparse file": entry("sparse", type=tarfile.GNUTYPE_SPARSE),
    "an unknown type": entry(f"{FOLDER}/readme", type=b"Z", linkname="x"),
    "a batch twice": entry(f"{FOLDER}/data_batch_1", pickled(make_batches())["data_batch_1"]),
    "a batch in two folders": entry("elsewhere/test_batch", pickled(make_batches())["test_batch"]),
    "a large file beside the batches": entry("movie.mp4", b"x" * 1_000_001),
    "a batch of 100 kB": entry(f"{FOLDER}/data_batch_1", b"x" * 100_000),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_members_that_have_no_place_are_refused(path, name):
    with pytest.raises(UserError, match=r"holds .*(expected|batch)"):
        read(write_tar(path, OUTSIDE[name]))


def test_a_member_that_claims_to_be_huge_is_not_read(path):
    info, _ = entry(f"{FOLDER}/data_batch_1")
    info.size = 10**15
    path.write_bytes(gzip.compress(info.tobuf() + b"x" * 1000))
    with pytest.raises(
        UserError, match=r"holds cifar-10-batches-py/data_batch_1 of 1000000000000000 bytes; expected \d+"
    ):
        read(path)


def test_more_members_than_any_archive_has(path):
    with pytest.raises(UserError, match="more than 100 members; expected 7"):
        read(write_tar(path, *[entry(f"empty_{number}") for number in range(MAX_MEMBERS)]))


@pytest.mark.parametrize("place", ["first", "last", "header"])
def test_a_bomb_of_zeros_fills_no_memory(path, place):
    zeros = 300_000_000
    header = entry("long", type=tarfile.XHDTYPE, size=zeros)[0].tobuf(tarfile.USTAR_FORMAT)
    with gzip.open(path, "wb", 1) as file:
        file.write({"first": b"", "last": tarred(pickled(make_batches())), "header": header}[place])
        for _ in range(zeros // 1_000_000):
            file.write(bytes(1_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"unpacks to more than|damaged"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


# ---- The gzip around it ----


@pytest.mark.parametrize(
    "content", [b"", b"<html>503</html>", b"PK\x03\x04", tarred(pickled(make_batches()))]
)
def test_what_is_no_gzip_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"damaged or no tar.gz archive|lacks"):
        read(path)


def test_an_archive_cut_off_or_with_a_wrong_bit_is_refused_wherever_it_is(path):
    whole = write_archive(path, make_batches()).read_bytes()
    # The ten bytes of gzip's header hold a time and a system, which say nothing of the content.
    for place in range(10, len(whole), 97):
        wrong = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for damaged in (whole[:place], wrong):
            path.write_bytes(damaged)
            with pytest.raises(UserError):
                read(path)


# ---- The content ----


def change(member, key, value):
    batches = make_batches()
    if value is None:
        del batches[member][key]
    else:
        batches[member][key] = value(batches[member][key])
    return batches


def label(value):
    return lambda labels: [value, *labels[1:]]


CONTENT = {
    "no data": (b"data", None, "has no data; it holds batch_label, labels, filenames"),
    "rows short by one": (b"data", lambda a: a[:-1], r"shape \(9, 48\).*expected .* \(10, 48\)"),
    "a row too many": (b"data", lambda a: np.vstack([a, a[:1]]), r"shape \(11, 48\).*expected .* \(10, 48\)"),
    "columns short by one": (
        b"data",
        lambda a: a[:, :-1].copy(),
        r"shape \(10, 47\).*expected .* \(10, 48\)",
    ),
    "pixels as floats": (b"data", lambda a: a.astype(np.float32), "array of float32.*expected .* uint8"),
    "pixels as large numbers": (b"data", lambda a: a.astype(np.int64), "array of int64.*expected .* uint8"),
    "pixels as a list": (b"data", lambda a: a.tolist(), "a list as its data; expected an array"),
    "pixels as images": (b"data", lambda a: a.reshape(10, 3, 4, 4), r"shape \(10, 3, 4, 4\)"),
    "no labels": (b"labels", None, "has no labels; it holds"),
    "a label that is no class": (b"labels", label(5), "has the label 5 at position 0; .* from 0 to 4"),
    "a negative label": (b"labels", label(-1), "has the label -1 at position 0"),
    "a label of text": (b"labels", label("3"), "has the label '3' at position 0"),
    "a label of truth": (b"labels", label(True), "has the label True at position 0"),
    "a list as a label": (b"labels", label([[]]), "has the label .* at position 0"),
    "a label too few": (b"labels", lambda labels: labels[:-1], "has 9 labels; expected 10"),
    "a label too many": (b"labels", lambda labels: [*labels, 0], "has 11 labels; expected 10"),
    "labels as a number": (b"labels", lambda labels: 3, "3 as its labels; expected a list"),
    "labels as floats": (b"labels", lambda labels: np.array(labels, float), "of float64.*expected a list"),
    "labels as a table": (b"labels", lambda labels: np.array([labels]), "expected a list"),
}


@pytest.mark.parametrize("member", ["data_batch_3", "test_batch"])
@pytest.mark.parametrize("name", CONTENT)
def test_content_that_is_not_as_declared_is_refused(path, name, member):
    key, value, message = CONTENT[name]
    with pytest.raises(UserError, match=f"{member} .*{message}"):
        read(write_archive(path, change(member, key, value)))


META = {
    "too few names": (lambda names: names[:-1], "names 4 classes; expected 5"),
    "too many names": (lambda names: [*names, b"fox"], "names 6 classes; expected 5"),
    "no names": (None, "has no label_names; it holds num_vis"),
    "one name": (lambda names: "ant", "'ant' as its label_names; expected a list"),
    "a number as a name": (lambda names: [1, *names[1:]], "has 1 as the name of a class"),
    "an empty name": (lambda names: ["", *names[1:]], "has '' as the name of a class"),
    "a name that writes on the terminal": (lambda names: ["\x1b[2J", *names[1:]], "as the name of a class"),
    "a name of a thousand characters": (lambda names: ["x" * 1000, *names[1:]], "as the name of a class"),
    "a name twice": (lambda names: [names[1], *names[1:]], "names the class bee twice"),
}


@pytest.mark.parametrize("name", META)
def test_names_of_classes_that_are_not_as_declared_are_refused(path, name):
    value, message = META[name]
    with pytest.raises(UserError, match=rf"batches\.meta .*{message}"):
        read(write_archive(path, change("batches.meta", b"label_names", value)))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_missing_member_is_named(path, member):
    batches = make_batches()
    del batches[member]
    with pytest.raises(UserError, match=rf"lacks {member}; expected data_batch_1, "):
        read(write_archive(path, batches))


# ---- Which archive it is ----


def test_the_checksum_of_an_archive_of_ones_own(path):
    path.write_bytes(b"content")
    found = sha256_file(path)
    assert check_archive(path) == check_archive(path, found) == found
    with pytest.raises(
        UserError, match=rf"has the sha256 {found}, not 0+ as expected; .* SHA256={found} \(make\)"
    ):
        check_archive(path, "0" * 64)
    # Of several datasets, one alone is what a run's own archive is about.
    with pytest.raises(
        UserError, match=rf"has the sha256 {found}, .* set datasets.clothes.sha256 to the former"
    ):
        check_archive(path, "0" * 64, "datasets.clothes")


@pytest.mark.parametrize("place", ["nothing/here.tar.gz", "/proc/self/mem/x"])
def test_an_archive_that_is_not_there(place):
    with pytest.raises(UserError, match=rf"The archive {place} can't be read .*ARCHIVE="):
        check_archive(place)
    with pytest.raises(UserError, match=rf"{place} can't be read .* as datasets.clothes.archive\."):
        check_archive(place, entry="datasets.clothes")


def test_the_checksum_of_a_folder_is_that_of_its_files_by_name(tmp_path):
    folder = tmp_path / "pictures"
    for name in ("b/2.png", "a/1.png"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(name.encode())
    found = check_archive(folder)
    (folder / ".DS_Store").write_bytes(b"hidden")
    assert check_archive(folder) == found
    (folder / "a/1.png").rename(folder / "a/3.png")
    assert check_archive(folder) != found


def test_a_receipt_records_whether_the_archive_is_the_published_one(path, tmp_path, monkeypatch):
    path.write_bytes(b"content")
    receipt, checksum = tmp_path / "source.json", sha256_file(path)
    write_receipt(receipt, path, "cifar10", "here")
    assert read_json(receipt)["official"] is False
    write_receipt(receipt, path, "image_folder", "here")
    assert read_json(receipt)["official"] is None
    monkeypatch.setitem(OFFICIAL_SHA256, "cifar10", checksum)
    write_receipt(receipt, path, "cifar10", "here", checksum)
    expected = {"path": str(path), "sha256": checksum, "bytes": 7, "source": "here", "official": True}
    assert read_json(receipt) == expected


@pytest.mark.parametrize("change", ["gone", "another"])
def test_an_archive_that_changed_since_it_was_fetched(path, change):
    path.write_bytes(b"content")
    found = {"path": str(path), "sha256": sha256_file(path)}
    assert verify_archive_unchanged(found) == path
    path.unlink() if change == "gone" else path.write_bytes(b"another")
    with pytest.raises(
        UserError, match="no longer what it was when it was fetched; run again with --forcerun"
    ):
        verify_archive_unchanged(found)


def test_an_unpacked_archive_is_refused_as_a_folder(tmp_path):
    with pytest.raises(UserError, match=r"is a folder; name the \.tar\.gz archive itself"):
        read(tmp_path)
