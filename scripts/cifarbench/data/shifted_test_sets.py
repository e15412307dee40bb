"""Read shifted test sets of CIFAR-10: CIFAR-10.1, and the corrupted images of CIFAR-10-C.

B. Recht and others, Do CIFAR-10 classifiers generalize to CIFAR-10? (arXiv 1806.00451); D. Hendrycks and T. Dietterich,
Benchmarking neural network robustness to common corruptions and perturbations (ICLR 2019). Both number the classes as
CIFAR-10 does.
"""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import validate_labels
from cifarbench.data.printable import refuse_damaged
from cifarbench.errors import UserError

# Versions of CIFAR-10.1, the newest first; they differ in the images that were removed.
VERSIONS = ("v6", "v4")
# Severities of each corruption in CIFAR-10-C.
N_SEVERITIES = 5


def find_test_set_files(entry: dict[str, Any]) -> list[Path]:
    """Return the files of images and of labels that an entry under `suite.test_sets` names.

    entry: `type`, `archive`, a folder, and for cifar10_c `corruption`. Raises UserError if they are not there.
    """
    folder = Path(entry["archive"])
    candidates = [[f"cifar10.1_{version}_{part}.npy" for part in ("data", "labels")] for version in VERSIONS]
    if entry["type"] == "cifar10_c":
        candidates = [[f"{entry['corruption']}.npy", "labels.npy"]]
    for names in candidates:
        if all((folder / name).is_file() for name in names):
            return [folder / name for name in names]
    raise UserError(f"{folder} lacks {' or '.join(candidates[0])}; name a folder that holds them.")


def read_test_set(
    entry: dict[str, Any], image_shape: tuple[int, int, int], n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, C*H*W) uint8, channel by channel, and labels (N,) int64.

    entry: as for `find_test_set_files`; of cifar10_c the images of one `severity`, 1 to 5. Raises UserError if the
    files are damaged, or not of that shape.
    """
    channels, height, width = image_shape
    paths = find_test_set_files(entry)
    arrays = []
    for path in paths:
        with refuse_damaged(path):
            arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
    images, labels = arrays
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (height, width, channels):
        raise UserError(
            f"{paths[0]} is of {images.dtype} and shape {images.shape}; expected uint8 of shape "
            f"(images, {height}, {width}, {channels})."
        )
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise UserError(
            f"{paths[1]} is of {labels.dtype} and shape {labels.shape}; expected integers of shape "
            f"({len(images)},), one for each image."
        )
    rows = slice(None)
    if entry["type"] == "cifar10_c":
        n_images, remainder = divmod(len(images), N_SEVERITIES)
        if remainder:
            raise UserError(
                f"{paths[0]} has {len(images)} images; expected equally many of each of {N_SEVERITIES} severities."
            )
        rows = slice((entry["severity"] - 1) * n_images, entry["severity"] * n_images)
    pixels = np.ascontiguousarray(images[rows].transpose(0, 3, 1, 2)).reshape(-1, channels * height * width)
    return pixels, validate_labels(labels[rows], len(pixels), n_classes, str(paths[1]))


def read_cifar10_c(
    folder: str, corruption: str, severity: int, image_shape: tuple[int, int, int], y_true: np.ndarray
) -> np.ndarray:
    """Return the test images under a corruption of CIFAR-10-C, (N, C*H*W) uint8.

    y_true: (N,) int, the dataset's test labels. Raises UserError if the files have other labels.
    """
    entry = {"type": "cifar10_c", "archive": folder, "corruption": corruption, "severity": severity}
    images, labels = read_test_set(entry, image_shape, int(y_true.max()) + 1)
    if not np.array_equal(labels, y_true):
        raise UserError(
            f"{folder}/labels.npy does not hold the labels of this dataset's {len(y_true)} test images; name the files "
            "that belong to it as robustness.cifar10_c_dir, and exclude no test image."
        )
    return images
