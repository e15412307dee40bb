"""Write the images that come with scikit-learn and scikit-image as archives, which need no download.

- `digits`: 1,797 grey images of 8 x 8 from the test set of "Optical recognition of handwritten digits" (E. Alpaydin and
  C. Kaynak, UCI machine learning repository, 1998), in CIFAR-10's layout: 3 x 32 x 32, five training batches.
- `textures`: patches of three photographs, of bricks, grass and gravel (CC0), in MedMNIST's layout. Test images are cut
  from the lower quarter of each photograph, training images from the rest.
- `faces`: 200 images of 25 x 25 from "Labelled faces in the wild" (G. Huang et al. 2007) and its backgrounds, in
  MedMNIST's layout.
"""

import gzip
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cifarbench.data.cifar import CIFAR10
from cifarbench.data.medmnist import CLASSES
from cifarbench.io.atomic import atomic_write

DIGIT_NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
N_TEST_DIGITS = 360
# Each pixel of a digit becomes a square of this side.
DIGIT_SCALE = 4
# The largest value of a pixel in scikit-learn's digits.
DIGIT_MAX = 16
# Side of a texture's patch, in pixels.
PATCH_SIZE = 16
# Share of a photograph's rows of patches that are test images.
TEST_SHARE = 0.25
N_TEST_FACES = 40
PACKAGES = {"digits": "scikit-learn", "textures": "scikit-image", "faces": "scikit-image"}


def write_bundled_archive(dataset_type: str, path: Path) -> None:
    """Write the images of `digits`, `textures` or `faces` to `path`; the bytes are the same each time."""
    build = {"digits": _digits_tarball, "textures": _textures, "faces": _faces}[dataset_type]
    with atomic_write(path) as file:
        file.write(build())


def _digits_tarball() -> bytes:
    digits = load_digits()
    gray = np.rint(digits.images * (255 / DIGIT_MAX)).astype(np.uint8)
    large = gray.repeat(DIGIT_SCALE, axis=1).repeat(DIGIT_SCALE, axis=2)
    images, labels = np.tile(large.reshape(len(large), -1), 3), digits.target
    train, test = train_test_split(
        np.arange(len(labels)), test_size=N_TEST_DIGITS, stratify=labels, random_state=0
    )
    names: dict[bytes, object] = {b"label_names": [name.encode() for name in DIGIT_NAMES]}
    members = {CIFAR10.meta: names}
    batches = zip(CIFAR10.train, np.array_split(train, len(CIFAR10.train)), strict=True)
    for number, (name, rows) in enumerate(batches, start=1):
        members[name] = _cifar_batch(images, labels, rows, f"training batch {number} of 5")
    members[CIFAR10.test] = _cifar_batch(images, labels, test, "testing batch 1 of 1")
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            pickled = pickle.dumps(content, protocol=4)
            # Without times and owners.
            member = tarfile.TarInfo(f"digits-batches-py/{name}")
            member.size = len(pickled)
            archive.addfile(member, io.BytesIO(pickled))
    return gzip.compress(file.getvalue(), compresslevel=1, mtime=0)


def _cifar_batch(images: np.ndarray, labels: np.ndarray, rows: np.ndarray, title: str) -> dict[bytes, object]:
    return {
        b"batch_label": title.encode(),
        b"labels": labels[rows].tolist(),
        b"data": images[rows],
        b"filenames": [f"digit_{row:04}.png".encode() for row in rows.tolist()],
    }


def _textures() -> bytes:
    from skimage import data

    arrays: dict[str, list[np.ndarray]] = {}
    for label, name in enumerate(CLASSES["textures"]):
        photograph = getattr(data, name)()
        rows, columns = (side // PATCH_SIZE for side in photograph.shape)
        patches = photograph[: rows * PATCH_SIZE, : columns * PATCH_SIZE]
        patches = patches.reshape(rows, PATCH_SIZE, columns, PATCH_SIZE).swapaxes(1, 2)
        n_test = int(rows * TEST_SHARE)
        for split, rows_of_patches in (
            ("train", patches[: rows - n_test]),
            ("test", patches[rows - n_test :]),
        ):
            images = rows_of_patches.reshape(-1, PATCH_SIZE, PATCH_SIZE)
            arrays.setdefault(f"{split}_images", []).append(images)
            arrays.setdefault(f"{split}_labels", []).append(np.full((len(images), 1), label, np.uint8))
    return _npz({name: np.concatenate(parts) for name, parts in arrays.items()})


def _faces() -> bytes:
    from skimage import data

    # The first half are faces, the second half backgrounds.
    images = np.rint(data.lfw_subset() * 255).astype(np.uint8)
    labels = (np.arange(len(images)) >= len(images) // 2).astype(np.uint8)[:, None]
    splits = train_test_split(np.arange(len(labels)), test_size=N_TEST_FACES, stratify=labels, random_state=0)
    arrays: dict[str, np.ndarray] = {}
    for split, rows in zip(("train", "test"), splits, strict=True):
        arrays |= {f"{split}_images": images[rows], f"{split}_labels": labels[rows]}
    return _npz(arrays)


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Return an .npz without times, unlike np.savez, so that equal arrays give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0))
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()
