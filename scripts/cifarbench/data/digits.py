"""The handwritten digits that come with scikit-learn, as an archive in CIFAR-10's layout.

1,797 grey images of 8 x 8 from the test set of "Optical recognition of handwritten digits" (E. Alpaydin and
C. Kaynak, UCI machine learning repository, 1998). They let the whole workflow run with nothing to download.
"""

import gzip
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cifarbench.io.atomic import atomic_write

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
N_TEST = 360
N_BATCHES = 5
SCALE_FACTOR = 4
MAX_VALUE = 16


def write_digits_tarball(path: Path) -> None:
    """Write the digits to `path`: 1,437 training images in five batches and 360 test images, 3 x 32 x 32.

    Values from 0 to 16 become 0 to 255, each pixel a square of 4 x 4 and its grey all three colours. Training
    and test images are drawn with equal shares of each class. The bytes are the same each time.
    """
    digits = load_digits()
    images, labels = _enlarged(digits.images), digits.target
    train, test = train_test_split(np.arange(len(labels)), test_size=N_TEST, stratify=labels, random_state=0)
    members = {"batches.meta": {b"label_names": [name.encode() for name in NAMES]}}
    for number, rows in enumerate(np.array_split(train, N_BATCHES), start=1):
        members[f"data_batch_{number}"] = _batch(images, labels, rows, f"training batch {number} of 5")
    members["test_batch"] = _batch(images, labels, test, "testing batch 1 of 1")
    with atomic_write(path) as file:
        file.write(gzip.compress(_tar(members), compresslevel=1, mtime=0))


def _enlarged(images: np.ndarray) -> np.ndarray:
    """Images (N, 8, 8) from 0 to 16 as rows (N, 3072) uint8."""
    grey = np.rint(images * (255 / MAX_VALUE)).astype(np.uint8)
    large = grey.repeat(SCALE_FACTOR, axis=1).repeat(SCALE_FACTOR, axis=2)
    return np.tile(large.reshape(len(large), -1), 3)


def _batch(images: np.ndarray, labels: np.ndarray, rows: np.ndarray, title: str) -> dict[bytes, object]:
    return {
        b"batch_label": title.encode(),
        b"labels": labels[rows].tolist(),
        b"data": images[rows],
        b"filenames": [f"digit_{row:04}.png".encode() for row in rows.tolist()],
    }


def _tar(members: dict[str, object]) -> bytes:
    """Members, pickled, as a tar archive without times and owners."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            data = pickle.dumps(content, protocol=4)
            member = tarfile.TarInfo(f"digits-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()
