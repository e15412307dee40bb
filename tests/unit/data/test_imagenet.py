"""Reading downsampled ImageNet with any pickle protocol, memory-mapping of large files, and refusal of wrong ones."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cifarbench.data import safe_unpickle
from cifarbench.data.datasets import load_dataset
from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.imagenet import TEST, TRAIN
from cifarbench.data.synthetic import write_synthetic_archive
from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file

ENTRY = {"type": "downsampled_imagenet", "n_train": 103, "n_test": 12, "n_classes": 3}
ENTRY |= {"image_shape": [3, 4, 4]}


def write(folder: Path, protocol: int = 2, **changed) -> dict[str, dict]:
    """Write a small archive and return the content of its files."""
    random = np.random.default_rng(0)
    sizes = {name: 10 + (name == TRAIN[-1]) * 3 for name in TRAIN} | {TEST: 12}
    batches = {
        name: {
            "data": random.integers(0, 256, (rows, 48), np.uint8),
            "labels": [1 + row % 3 for row in range(rows)],
            "mean": np.zeros(48),
        }
        for name, rows in sizes.items()
    }
    for name, change in changed.items():
        batches[name] |= change
    for name, batch in batches.items():
        (folder / name).write_bytes(pickle.dumps(batch, protocol))
    return batches


def rows_of(dataset: ImageDataset) -> np.ndarray:
    return np.concatenate(list(dataset.train_blocks()))


@pytest.mark.parametrize("large", [10, 1_000_000], ids=["mapped", "read"])
@pytest.mark.parametrize("protocol", range(6))
def test_batches_are_concatenated_in_the_order_of_their_numbers(tmp_path, monkeypatch, protocol, large):
    monkeypatch.setattr(safe_unpickle, "MIN_MAPPED_BYTES", large)
    batches = write(tmp_path, protocol)
    dataset = load_dataset(tmp_path, ENTRY)
    np.testing.assert_array_equal(rows_of(dataset), np.concatenate([batches[name]["data"] for name in TRAIN]))
    labels = np.concatenate([batches[name]["labels"] for name in TRAIN])
    np.testing.assert_array_equal(dataset.train_labels, labels - 1)
    np.testing.assert_array_equal(dataset.test_images, batches[TEST]["data"])
    assert dataset.classes == ["class_1", "class_2", "class_3"]
    # Protocols 0 to 2 of Python 3 write bytes as text, which cannot be mapped.
    if large == 10 and protocol > 2:
        assert isinstance(dataset.train_images[0], np.memmap)


NINE_ROWS = {"data": np.zeros((9, 48), np.uint8), "labels": [1] * 9}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({TRAIN[3]: {"labels": [0] * 10}}, "batch_4 has the label 0 at position 0; expected .* from 1 to 3"),
        ({TRAIN[3]: {"labels": [4] * 10}}, "has the label 4"),
        ({TRAIN[3]: {"labels": [1] * 9}}, r"batch_4 has an array .* of shape \(10, 48\) .* shape \(9, 48\)"),
        ({TRAIN[3]: {"labels": np.array(1)}}, "batch_4 has an array"),
        (
            {TEST: {"data": np.zeros((12, 47), np.uint8)}},
            r"val_data has an array of uint8 of shape \(12, 47\)",
        ),
        ({TEST: {"data": np.zeros((12, 48), np.float32)}}, "array of float32"),
        ({TEST: {"data": "text"}}, "val_data has 'text' as its data"),
        ({TRAIN[0]: NINE_ROWS}, "has 102 train images; expected 103, as n_train declares"),
    ],
)
def test_wrong_batches_are_refused(tmp_path, changed, message):
    write(tmp_path, **changed)
    with pytest.raises(UserError, match=message):
        load_dataset(tmp_path, ENTRY)


@pytest.mark.parametrize("large", [10, 1_000_000], ids=["mapped", "read"])
@pytest.mark.parametrize("end", [-200, 300])
def test_truncated_files_are_refused(tmp_path, monkeypatch, end, large):
    monkeypatch.setattr(safe_unpickle, "MIN_MAPPED_BYTES", large)
    write(tmp_path, 4)
    (tmp_path / TEST).write_bytes((tmp_path / TEST).read_bytes()[:end])
    with pytest.raises(UserError, match="val_data is not a batch"):
        load_dataset(tmp_path, ENTRY)


def test_missing_and_empty_files_are_refused(tmp_path):
    write(tmp_path, 4)
    (tmp_path / TEST).write_bytes(b"")
    with pytest.raises(UserError, match="val_data is empty"):
        load_dataset(tmp_path, ENTRY)
    (tmp_path / TEST).unlink()
    with pytest.raises(UserError, match="lacks val_data; expected train_data_batch_1"):
        load_dataset(tmp_path, ENTRY)


def test_synthetic_images_are_reproducible_and_separable(tmp_path):
    entry = ENTRY | {"n_train": 1501, "n_test": 300, "n_classes": 4, "image_shape": [3, 16, 16]}
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder, seed in ((first, 0), (second, 0), (other, 1)):
        folder.mkdir()
        write_synthetic_archive(folder, 1501, 300, 4, (3, 16, 16), seed)
    assert [sha256_file(first / name) for name in TRAIN] == [sha256_file(second / name) for name in TRAIN]
    assert sha256_file(first / TEST) != sha256_file(other / TEST)
    dataset = load_dataset(first, entry)
    images, labels = rows_of(dataset).astype(float), dataset.train_labels
    assert np.ptp(np.bincount(labels)) <= 10
    weights = np.linalg.lstsq(np.c_[images, np.ones(len(images))], np.eye(4)[labels], rcond=None)[0]
    predicted = (np.c_[dataset.test_images, np.ones(300)] @ weights).argmax(axis=1)
    assert (predicted == dataset.test_labels).mean() > 0.4


def test_loading_needs_less_memory_than_the_images(tmp_path):
    """Load images with a memory limit of a fifth of their size."""
    program = """
import resource, sys
from pathlib import Path
import numpy as np
from cifarbench.data.datasets import load_dataset
from cifarbench.data.synthetic import write_synthetic_archive
from cifarbench.io.atomic import save_npy_blocks
folder = Path(sys.argv[1])
entry = {"type": "synthetic", "n_train": 40000, "n_test": 100, "n_classes": 10, "image_shape": [3, 32, 32]}
write_synthetic_archive(folder, 40000, 100, 10, (3, 32, 32), 0)
status = Path("/proc/self/status").read_text()
data = 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmData")))
resource.setrlimit(resource.RLIMIT_DATA, (data + 25_000_000,) * 2)
dataset = load_dataset(folder, entry)
save_npy_blocks(folder / "images.npy", dataset.train_blocks(), 40000)
try:
    np.ones(60_000_000, np.uint8)
except MemoryError:
    print("limited")
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / "scripts"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, tmp_path]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert process.stdout == "limited\n", process.stderr
