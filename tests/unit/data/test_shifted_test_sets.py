"""Reading CIFAR-10.1 and CIFAR-10-C."""

from pathlib import Path

import numpy as np
import pytest

from cifarbench.data.shifted_test_sets import find_test_set_files, read_test_set
from cifarbench.errors import UserError

SHAPE = (3, 4, 4)


@pytest.fixture
def newer(tmp_path: Path) -> dict:
    """Write two versions of CIFAR-10.1: images with their channels last, labels as int32."""
    random = np.random.default_rng(0)
    for version, rows in (("v4", 8), ("v6", 6)):
        images = random.integers(0, 256, (rows, 4, 4, 3), np.uint8)
        np.save(tmp_path / f"cifar10.1_{version}_data.npy", images)
        np.save(tmp_path / f"cifar10.1_{version}_labels.npy", (np.arange(rows) % 3).astype(np.int32))
    return {"dataset": "cifar10", "type": "cifar10_1", "archive": str(tmp_path)}


@pytest.fixture
def corrupted(tmp_path: Path) -> dict:
    """Write CIFAR-10-C with all test images at each of five severities."""
    images = np.arange(5, dtype=np.uint8).repeat(7)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    np.save(tmp_path / "fog.npy", images)
    np.save(tmp_path / "labels.npy", np.tile(np.arange(7, dtype=np.uint8) % 3, 5))
    entry = {"dataset": "cifar10", "type": "cifar10_c", "archive": str(tmp_path)}
    return entry | {"corruption": "fog", "severity": 4}


def test_newest_version_is_read(newer):
    images, labels = read_test_set(newer, SHAPE, 3)
    stored = np.load(Path(newer["archive"]) / "cifar10.1_v6_data.npy")
    assert np.array_equal(images.reshape(6, *SHAPE).transpose(0, 2, 3, 1), stored)
    assert labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert labels.dtype == np.int64
    (Path(newer["archive"]) / "cifar10.1_v6_labels.npy").unlink()
    names = [path.name for path in find_test_set_files(newer)]
    assert names == ["cifar10.1_v4_data.npy", "cifar10.1_v4_labels.npy"]


def test_one_severity_is_read(corrupted):
    images, labels = read_test_set(corrupted, SHAPE, 3)
    assert images.shape == (7, 48)
    assert (images == 3).all()
    assert labels.tolist() == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "fog",
            np.zeros((35, 8, 8, 3), np.uint8),
            r"fog\.npy is of uint8 and shape \(35, 8, 8, 3\); expected",
        ),
        ("fog", np.zeros((35, 4, 4, 3)), r"fog\.npy is of float64"),
        ("fog", np.zeros((34, 4, 4, 3), np.uint8), r"labels\.npy is of uint8 and shape \(35,\); expected"),
        ("labels", np.zeros(35), r"labels\.npy is of float64 and shape \(35,\); expected integers"),
        ("labels", np.full(35, 9), r"labels\.npy has the label 9 at position 0; expected .* from 0 to 2"),
        ("labels", np.array([print] * 35, dtype=object), r"labels\.npy can't be read"),
    ],
)
def test_wrong_files_are_refused(corrupted, name, content, sentence):
    np.save(Path(corrupted["archive"]) / f"{name}.npy", content, allow_pickle=True)
    with pytest.raises(UserError, match=sentence):
        read_test_set(corrupted, SHAPE, 3)


def test_severities_must_have_equal_numbers_of_images(corrupted):
    folder = Path(corrupted["archive"])
    np.save(folder / "fog.npy", np.zeros((34, 4, 4, 3), np.uint8))
    np.save(folder / "labels.npy", np.zeros(34, np.uint8))
    with pytest.raises(UserError, match=r"has 34 images; expected equally many of each of 5 severities"):
        read_test_set(corrupted, SHAPE, 3)


def test_missing_files_are_refused(corrupted, newer):
    with pytest.raises(UserError, match=r"lacks snow\.npy or labels\.npy; name a folder that holds them"):
        find_test_set_files(corrupted | {"corruption": "snow"})
    with pytest.raises(UserError, match=r"lacks cifar10\.1_v6_data\.npy or"):
        find_test_set_files(newer | {"archive": str(Path(newer["archive"]) / "nowhere")})
