"""Other test images for a study that is there: CIFAR-10.1, and the corrupted ones of CIFAR-10-C.

B. Recht and others, Do CIFAR-10 classifiers generalize to CIFAR-10? (arXiv 1806.00451); D. Hendrycks and T. Dietterich,
Benchmarking neural network robustness to common corruptions and perturbations (ICLR 2019). Both number the classes as
CIFAR-10 does.
"""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import validate_labels
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# The newest version first; they differ in which images were left out.
VERSIONS = ("v6", "v4")
SEVERITIES = 5


def test_set_files(entry: dict[str, Any]) -> list[Path]:
    """The files of images and of labels that an entry under `suite.test_sets` names.

    entry: `kind`, `archive`, a folder, and for cifar10_c `corruption`. Raises UserError if they are not there.
    """
    folder = Path(entry["archive"])
    if entry["type"] == "cifar10_c":
        candidates = [[f"{entry['corruption']}.npy", "labels.npy"]]
    else:
        candidates = [
            [f"cifar10.1_{version}_{what}.npy" for what in ("data", "labels")] for version in VERSIONS
        ]
    for names in candidates:
        if all((folder / name).is_file() for name in names):
            return [folder / name for name in names]
    raise UserError(f"{folder} lacks {' or '.join(candidates[0])}; name a folder that holds them.")


def read_test_set(
    entry: dict[str, Any], image_shape: tuple[int, int, int], n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, D) uint8, channel by channel, and labels (N,) int64, as a study's test images are.

    entry: as for `files_of`; of cifar10_c the images of one `severity`, 1 to 5. Raises UserError if the files are
    damaged, or not of that shape.
    """
    channels, height, width = image_shape
    paths = test_set_files(entry)
    images, labels = (_mapped(path) for path in paths)
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
        if len(images) % SEVERITIES:
            raise UserError(
                f"{paths[0]} holds {len(images)} images; expected as many of each of {SEVERITIES} severities."
            )
        each = len(images) // SEVERITIES
        rows = slice((entry["severity"] - 1) * each, entry["severity"] * each)
    chosen = np.ascontiguousarray(images[rows].transpose(0, 3, 1, 2)).reshape(-1, channels * height * width)
    return chosen, validate_labels(labels[rows], len(chosen), n_classes, str(paths[1]))


def _mapped(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} can't be read ({escape_ascii(error, 100)}); get it again.") from None
