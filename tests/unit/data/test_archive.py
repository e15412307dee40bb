"""Reading archives in CIFAR's layout, and refusal of damaged, malicious and unexpected ones."""

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
    """Write a complete archive preceded by other entries."""
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
def test_archives_are_read_in_every_pickle_protocol(path, protocol):
    assert_right(read(write_archive(path, make_batches(), protocol)))


def test_the_order_of_members_does_not_matter(path):
    assert_right(read(write_archive(path, dict(reversed(make_batches().items())))))


def test_folders_readmes_and_hidden_files_are_ignored(path):
    readme, hidden = entry(f"{FOLDER}/readme.html", b"x" * 5000), entry(f"{FOLDER}/._data_batch_1", b"x")
    assert_right(read(write_tar(path, entry(FOLDER, type=tarfile.DIRTYPE), readme, hidden)))


def test_labels_may_be_an_array(path):
    batches = make_batches()
    for name in [*TRAIN, "test_batch"]:
        batches[name][b"labels"] = np.array(batches[name][b"labels"], np.int32)
    assert_right(read(write_archive(path, batches)))


# ---- The tar ----

PASSWD = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
REFUSED_MEMBERS = {
    "a parent path": entry("../data_batch_1", b"x"),
    "a parent path in the middle": entry(f"{FOLDER}/../../etc/passwd", b"x"),
    "an absolute path": entry("/etc/passwd", b"x"),
    "a link": entry(f"{FOLDER}/data_batch_6", **PASSWD),
    "a link in place of a batch": entry(f"{FOLDER}/data_batch_1", **PASSWD),
    "a hard link": entry(f"{FOLDER}/data_batch_6", type=tarfile.LNKTYPE, linkname=f"{FOLDER}/data_batch_1"),
    "a device": entry("dev/zero", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "a disk": entry("dev/sda", type=tarfile.BLKTYPE, devmajor=8),
    "a pipe": entry("pipe", type=tarfile.FIFOTYPE),
    "a sparse file": entry("sparse", type=tarfile.GNUTYPE_SPARSE),
    "an unknown type": entry(f"{FOLDER}/readme", type=b"Z", linkname="x"),
    "a duplicate": entry(f"{FOLDER}/data_batch_1", pickled(make_batches())["data_batch_1"]),
    "a duplicate in another folder": entry("copy/test_batch", pickled(make_batches())["test_batch"]),
    "a large additional file": entry("movie.mp4", b"x" * 1_000_001),
    "a batch of 100 kB": entry(f"{FOLDER}/data_batch_1", b"x" * 100_000),
}


@pytest.mark.parametrize("name", REFUSED_MEMBERS)
def test_unexpected_members_are_refused(path, name):
    with pytest.raises(UserError, match=r"holds .*(expected|batch)"):
        read(write_tar(path, REFUSED_MEMBERS[name]))


def test_member_with_a_huge_declared_size_is_not_read(path):
    info, _ = entry(f"{FOLDER}/data_batch_1")
    info.size = 10**15
    path.write_bytes(gzip.compress(info.tobuf() + b"x" * 1000))
    with pytest.raises(UserError, match=rf"holds {FOLDER}/data_batch_1 of 10{{15}} bytes; expected \d+"):
        read(path)


def test_too_many_members_are_refused(path):
    with pytest.raises(UserError, match="more than 100 members; expected 7"):
        read(write_tar(path, *[entry(f"empty_{number}") for number in range(MAX_MEMBERS)]))


@pytest.mark.parametrize("place", ["first", "last", "header"])
def test_decompression_bomb_needs_little_memory(path, place):
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


NO_GZIP = [b"", b"<html>503</html>", b"PK\x03\x04", tarred(pickled(make_batches()))]


@pytest.mark.parametrize("content", NO_GZIP)
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"damaged or not a tar.gz archive|lacks"):
        read(path)


def test_truncated_and_corrupted_archives_are_refused(path):
    whole = write_archive(path, make_batches()).read_bytes()
    # Skip gzip's header of ten bytes: its time stamp and operating system do not affect the content.
    for position in range(10, len(whole), 97):
        corrupted = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        for damaged in (whole[:position], corrupted):
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


def first_label(value):
    return lambda labels: [value, *labels[1:]]


@pytest.mark.parametrize("member", ["data_batch_3", "test_batch"])
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (b"data", None, "has no data; it holds batch_label, labels, filenames"),
        (b"data", lambda a: a[:-1], r"shape \(9, 48\).*expected .* \(10, 48\)"),
        (b"data", lambda a: np.vstack([a, a[:1]]), r"shape \(11, 48\).*expected .* \(10, 48\)"),
        (b"data", lambda a: a[:, :-1].copy(), r"shape \(10, 47\).*expected .* \(10, 48\)"),
        (b"data", lambda a: a.astype(np.float32), "array of float32.*expected .* uint8"),
        (b"data", lambda a: a.tolist(), "a list as its data; expected an array"),
        (b"data", lambda a: a.reshape(10, 3, 4, 4), r"shape \(10, 3, 4, 4\)"),
        (b"labels", None, "has no labels; it holds"),
        (b"labels", first_label(5), "has the label 5 at position 0; .* from 0 to 4"),
        (b"labels", first_label(-1), "has the label -1 at position 0"),
        (b"labels", first_label("3"), "has the label '3' at position 0"),
        (b"labels", first_label(True), "has the label True at position 0"),
        (b"labels", first_label([[]]), "has the label .* at position 0"),
        (b"labels", first_label(1 << 2000), "has the label an integer of 2001 bits at position 0"),
        (b"labels", lambda labels: labels[:-1], "has 9 labels; expected 10"),
        (b"labels", lambda labels: [*labels, 0], "has 11 labels; expected 10"),
        (b"labels", lambda labels: 3, "3 as its labels; expected a list"),
        (b"labels", lambda labels: np.array(labels, float), "of float64.*expected a list"),
        (b"labels", lambda labels: np.array([labels]), "expected a list"),
    ],
)
def test_wrong_content_is_refused(path, key, value, message, member):
    with pytest.raises(UserError, match=f"{member} .*{message}"):
        read(write_archive(path, change(member, key, value)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda names: names[:-1], "names 4 classes; expected 5"),
        (lambda names: [*names, b"fox"], "names 6 classes; expected 5"),
        (None, "has no label_names; it holds num_vis"),
        (lambda names: "ant", "'ant' as its label_names; expected a list"),
        (lambda names: [1, *names[1:]], "has 1 as the name of a class"),
        (lambda names: ["", *names[1:]], "has '' as the name of a class"),
        (lambda names: ["\x1b[2J", *names[1:]], "as the name of a class"),
        (lambda names: ["x" * 1000, *names[1:]], "as the name of a class"),
        (lambda names: [names[1], *names[1:]], "names the class bee twice"),
    ],
)
def test_wrong_class_names_are_refused(path, value, message):
    with pytest.raises(UserError, match=rf"batches\.meta .*{message}"):
        read(write_archive(path, change("batches.meta", b"label_names", value)))


@pytest.mark.parametrize("member", MEMBERS)
def test_missing_member_is_named(path, member):
    batches = make_batches()
    del batches[member]
    with pytest.raises(UserError, match=rf"lacks {member}; expected data_batch_1, "):
        read(write_archive(path, batches))


def test_unpacked_archive_is_refused_as_a_folder(tmp_path):
    with pytest.raises(UserError, match=r"is a folder; name the \.tar\.gz archive"):
        read(tmp_path)


# ---- Checksums ----


def test_checksum_of_a_local_archive(path):
    path.write_bytes(b"content")
    actual = sha256_file(path)
    assert check_archive(path) == check_archive(path, actual) == actual
    message = f"has the sha256 {actual}, not 0+ as expected; .*"
    with pytest.raises(UserError, match=rf"{message} SHA256={actual} \(make\)"):
        check_archive(path, "0" * 64)
    with pytest.raises(UserError, match=f"{message} set datasets.clothes.sha256 to the former"):
        check_archive(path, "0" * 64, "datasets.clothes")


@pytest.mark.parametrize("missing", ["nothing/here.tar.gz", "/proc/self/mem/x"])
def test_missing_archives_are_reported(missing):
    with pytest.raises(UserError, match=rf"The archive {missing} can't be read .*ARCHIVE="):
        check_archive(missing)
    with pytest.raises(UserError, match=rf"{missing} can't be read .* as datasets.clothes.archive\."):
        check_archive(missing, entry="datasets.clothes")


def test_checksum_of_a_folder_covers_names_and_content(tmp_path):
    folder = tmp_path / "images"
    for name in ("b/2.png", "a/1.png"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(name.encode())
    before = check_archive(folder)
    (folder / ".DS_Store").write_bytes(b"hidden")
    assert check_archive(folder) == before
    (folder / "a/1.png").rename(folder / "a/3.png")
    assert check_archive(folder) != before


def test_receipt_records_whether_the_archive_is_official(path, tmp_path, monkeypatch):
    path.write_bytes(b"content")
    receipt, checksum = tmp_path / "source.json", sha256_file(path)
    monkeypatch.setitem(OFFICIAL_SHA256, "cifar100", checksum)
    for dataset_type, official in (("cifar10", False), ("image_folder", None), ("cifar100", True)):
        write_receipt(receipt, path, dataset_type, "here", checksum)
        expected = {"path": str(path), "sha256": checksum, "bytes": 7, "source": "here", "official": official}
        assert read_json(receipt) == expected


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_archives_changed_since_their_receipt_are_refused(path, change):
    path.write_bytes(b"content")
    receipt = {"path": str(path), "sha256": sha256_file(path)}
    assert verify_archive_unchanged(receipt) == path
    path.unlink() if change == "removed" else path.write_bytes(b"another")
    with pytest.raises(UserError, match="has changed since it was registered; run again with --forcerun"):
        verify_archive_unchanged(receipt)
