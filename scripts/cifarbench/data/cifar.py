"""Read an archive in the layout of CIFAR's Python version: pickled batches in a tar.gz."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.data.printable import describe_value, list_names
from cifarbench.data.safe_unpickle import safe_load
from cifarbench.data.tarball import read_members
from cifarbench.errors import UserError

# Bytes of a batch without its pixels: labels and file names per row (32 in the original), and a constant.
OTHER_BYTES_PER_ROW = 256
OTHER_BYTES = 65_536


@dataclass(frozen=True)
class CifarFormat:
    """Names of an archive's members, and of the keys of labels and class names in them."""

    train: tuple[str, ...]
    test: str
    meta: str
    labels: str
    names: str


CIFAR10 = CifarFormat(
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test="test_batch",
    meta="batches.meta",
    labels="labels",
    names="label_names",
)


def cifar100(labels: str = "fine") -> CifarFormat:
    """Return CIFAR-100's layout, with its 100 `fine` or its 20 `coarse` classes."""
    return CifarFormat(("train",), "test", "meta", f"{labels}_labels", f"{labels}_label_names")


def read_cifar(path: Path, layout: CifarFormat, declared: DatasetSpec) -> ImageDataset:
    """Return the images of the archive at `path`, with training batches in the order of their names.

    Sizes of training batches differ by one row at most. Raises UserError, which names the member, what was found and
    what was expected, if the archive differs from `layout` or `declared`.
    """
    share, remainder = divmod(declared.n_train, len(layout.train))
    rows = {member: share + (number < remainder) for number, member in enumerate(layout.train)}
    rows[layout.test] = declared.n_test
    limits = {member: _limit(count, declared.n_features) for member, count in rows.items()}
    limits[layout.meta] = _limit(declared.n_classes, 0)
    images: dict[str, np.ndarray] = {}
    labels: dict[str, np.ndarray] = {}
    classes: list[str] = []
    for member, content in read_members(path, limits):
        batch = safe_load(content, member)
        if member == layout.meta:
            names = get_key(batch, layout.names, member)
            if not isinstance(names, list):
                raise UserError(
                    f"{member} has {describe_value(names)} as its {layout.names}; expected a list of names."
                )
            classes = validate_class_names(names, declared.n_classes, member)
            continue
        images[member], labels[member] = parse_batch(batch, layout.labels, rows[member], declared, member)
    return ImageDataset(
        train_images=np.concatenate([images.pop(member) for member in layout.train]),
        train_labels=np.concatenate([labels[member] for member in layout.train]),
        test_images=images[layout.test],
        test_labels=labels[layout.test],
        classes=classes,
        image_shape=declared.image_shape,
    )


def _limit(rows: int, n_features: int) -> int:
    """Return the largest size of a member in bytes. Protocols 0 to 2 of Python 3 write half of all bytes as two."""
    return rows * (2 * n_features + OTHER_BYTES_PER_ROW) + OTHER_BYTES


def parse_batch(
    batch: dict[str, Any], key: str, rows: int, declared: DatasetSpec, member: str, first: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a batch, (rows, n_features) uint8, and its labels, (rows,) int64 from 0.

    key: of the labels, which count from `first`. Raises UserError for anything else.
    """
    data, labels = get_key(batch, "data", member), get_key(batch, key, member)
    shape = (rows, declared.n_features)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape != shape:
        raise UserError(
            f"{member} has {describe_value(data)} as its data; expected an array of uint8 of shape {shape}."
        )
    is_array = isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype.kind in "iu"
    if not is_array and not isinstance(labels, list):
        raise UserError(
            f"{member} has {describe_value(labels)} as its {key}; expected a list of {rows} numbers."
        )
    return data, validate_labels(labels, rows, declared.n_classes, member, first)


def get_key(batch: dict[str, Any], key: str, member: str) -> Any:
    """Return the value of a batch's key; UserError if there is none."""
    if key not in batch:
        raise UserError(f"{member} has no {key}; it holds {list_names(batch)}.")
    return batch[key]
