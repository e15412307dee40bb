"""Read the layout of downsampled ImageNet: a folder of ten pickled training batches and one test batch.

After Chrabaszcz, Loshchilov and Hutter, A downsampled variant of ImageNet as an alternative to the CIFAR datasets
(arXiv 1707.08819). Batches are mapped and never read whole, so any number of images can be unpacked.
"""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.cifar import get_key, parse_labels, parse_pixels
from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names
from cifarbench.data.printable import describe_value
from cifarbench.data.safe_unpickle import safe_load
from cifarbench.errors import UserError
from cifarbench.io.memmap import spill_to_memmap

TRAIN = tuple(f"train_data_batch_{number}" for number in range(1, 11))
TEST = "val_data"
# Labels count from 1.
FIRST_LABEL = 1


def read_downsampled_imagenet(
    folder: Path, names: list[str] | None, declared: DatasetSpec, labels_folder: Path | None
) -> ImageDataset:
    """Read the batches in `folder`, training batches in the order of their numbers.

    names: of the classes, which the layout does not hold; `class_1` and so on if None. labels_folder: for the file of
    labels that is mapped; the system's temporary folder if None.

    Raises UserError, which names the file, what was found and what was expected, if the batches are not as declared.
    """
    missing = [name for name in (*TRAIN, TEST) if not (folder / name).is_file()]
    if missing:
        raise UserError(f"{folder} lacks {', '.join(missing)}; expected {', '.join((*TRAIN, TEST))}.")
    images: list[np.ndarray] = []

    def read_labels(name: str) -> np.ndarray:
        batch_images, batch_labels = _read(folder / name, declared)
        images.append(batch_images)
        return batch_labels

    labels = spill_to_memmap(map(read_labels, TRAIN), labels_folder)
    if len(labels) != declared.n_train:
        raise UserError(
            f"{folder} holds {len(labels)} training images; expected {declared.n_train}, as n_train says."
        )
    test_images, test_labels = _read(folder / TEST, declared)
    if len(test_labels) != declared.n_test:
        raise UserError(
            f"{TEST} holds {len(test_labels)} images; expected {declared.n_test}, as n_test says."
        )
    names = names or [f"class_{number}" for number in range(FIRST_LABEL, FIRST_LABEL + declared.n_classes)]
    return ImageDataset(
        train_images=images,
        train_labels=labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=validate_class_names(names, declared.n_classes, "classes"),
        image_shape=declared.image_shape,
    )


def _read(path: Path, declared: DatasetSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of a batch, which may have any number of rows up to that of all images."""
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty; get it again.")
    batch = safe_load(path, path.name)
    data: Any = get_key(batch, "data", path.name)
    rows = len(data) if isinstance(data, np.ndarray) and data.ndim == 2 else -1
    if not 0 < rows <= max(declared.n_train, declared.n_test):
        raise UserError(
            f"{path.name} has {describe_value(data)} as its data; expected rows of {declared.n_features} uint8."
        )
    return (
        parse_pixels(batch, rows, declared.n_features, path.name),
        parse_labels(batch, "labels", rows, declared.n_classes, path.name, FIRST_LABEL),
    )
