"""Read the four idx files in which MNIST, Fashion-MNIST and similar datasets are published."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.errors import UserError

# Beginnings of the file names.
PREFIXES = {"train": "train", "test": "t10k"}
# The code of the data type uint8.
UNSIGNED_BYTE = 8


def read_idx(folder: Path, classes: list[str], declared: DatasetSpec) -> ImageDataset:
    """Return the images of `{train,t10k}-images-idx3-ubyte`, with the labels of `-labels-idx1-ubyte`, gzipped or not.

    classes: names of the classes, which the files lack, in the order of the labels.

    Raises UserError if a file is missing, damaged, or not of the size that is declared.
    """
    names = validate_class_names(classes, declared.n_classes, "classes in the configuration")
    channels, height, width = declared.image_shape
    if channels != 1:
        raise UserError(
            f"image_shape declares {channels} channels; idx files have 1: write [1, {height}, {width}]."
        )
    arrays: dict[str, np.ndarray] = {}
    for part, rows in (("train", declared.n_train), ("test", declared.n_test)):
        images = _read(folder, f"{PREFIXES[part]}-images-idx3-ubyte", (rows, height, width))
        labels = _read(folder, f"{PREFIXES[part]}-labels-idx1-ubyte", (rows,))
        arrays[f"{part}_images"] = images.reshape(rows, -1)
        arrays[f"{part}_labels"] = validate_labels(
            labels, rows, declared.n_classes, f"{PREFIXES[part]}-labels-idx1-ubyte"
        )
    return ImageDataset(**arrays, classes=names, image_shape=declared.image_shape)


def _read(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the array of a file: two zero bytes, data type, number of dimensions, shape, values."""
    path = next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
    if path is None:
        raise UserError(f"{folder} has no {name}.gz and no {name}; expected one of them.")
    expected = struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)
    size = len(expected) + int(np.prod(shape, dtype=object))
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            # One byte more than expected is enough to see that there is more.
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} can't be read ({error}); download it again, or name another folder."
        ) from None
    header = content[: len(expected)]
    if header != expected:
        raise UserError(
            f"{path} begins with the bytes {header.hex(' ', 4)}; expected {expected.hex(' ', 4)}, for "
            f"bytes of shape {shape}."
        )
    if len(content) != size:
        actual = "more" if len(content) > size else str(len(content))
        raise UserError(f"{path} holds {actual} bytes; expected {size}, for an array of shape {shape}.")
    return np.frombuffer(content, np.uint8, offset=len(expected)).reshape(shape)
