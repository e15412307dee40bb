"""Read the layout of downsampled ImageNet: a folder of ten pickled training batches and one test batch.

After Chrabaszcz, Loshchilov and Hutter, A downsampled variant of ImageNet as an alternative to the CIFAR datasets
(arXiv 1707.08819). Batches are mapped and never read whole, so any number of images can be unpacked.
"""

from pathlib import Path

import numpy as np

from cifarbench.data.cifar import get_key, parse_batch
from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names
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
    """Return the images of the batches in `folder`, training batches in the order of their numbers.

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

    train_labels = spill_to_memmap(map(read_labels, TRAIN), labels_folder)
    test_images, test_labels = _read(folder / TEST, declared)
    for split, labels in (("train", train_labels), ("test", test_labels)):
        if len(labels) != (expected := getattr(declared, f"n_{split}")):
            raise UserError(
                f"{folder} has {len(labels)} {split} images; expected {expected}, as n_{split} declares."
            )
    names = names or [f"class_{number}" for number in range(FIRST_LABEL, FIRST_LABEL + declared.n_classes)]
    return ImageDataset(
        train_images=images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=validate_class_names(names, declared.n_classes, "classes"),
        image_shape=declared.image_shape,
    )


def _read(path: Path, declared: DatasetSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of a batch, which may have any number of rows up to that of all images."""
    if path.stat().st_size == 0:
        raise UserError(f"{path.name} is empty; download it again.")
    batch = safe_load(path, path.name)
    labels = get_key(batch, "labels", path.name)
    rows = len(labels) if isinstance(labels, list) or getattr(labels, "ndim", 0) == 1 else 0
    return parse_batch(batch, "labels", rows, declared, path.name, FIRST_LABEL)
