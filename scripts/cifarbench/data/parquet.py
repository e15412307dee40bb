"""Read Parquet files as the Hugging Face hub lays out a dataset: `train-00000-of-00002.parquet`, `test-…`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.data.image_file import read_image
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

# Images in memory at once, still compressed.
BATCH_ROWS = 500
# Key of the file's metadata under which the hub describes the columns.
HUB_KEY = b"huggingface"


def read_parquet(folder: Path, entry: dict[str, Any], declared: DatasetSpec) -> ImageDataset:
    """Read the files in a folder and its subfolders whose names begin with `train` and `test`.

    The hub's metadata tell the column of images, and that of classes and their names. entry: `labels`, the column of
    the classes where there are several; `resize`, as for a folder of images.

    Raises UserError if a file is missing, damaged, or not as declared, and for an image that can't be read.
    """
    arrays: dict[str, np.ndarray] = {}
    classes: list[str] = []
    for split, n_rows in (("train", declared.n_train), ("test", declared.n_test)):
        pattern = f"{split}*.parquet"
        paths = sorted(folder.rglob(pattern), key=lambda path: path.name)
        if not paths:
            raise UserError(
                f"{folder} has no {pattern}; expected the files of a dataset as the hub has them."
            )
        images, labels = [], []
        for path in paths:
            file = _open(path)
            image_column, label_column, names = _columns(path, file, entry.get("labels"))
            if classes and names != classes:
                raise UserError(
                    f"{path} names other classes than the files before it; expected the same in all."
                )
            classes = names
            if file.metadata.num_rows > n_rows - len(labels):
                raise UserError(f"{folder} has more than {n_rows} rows in {pattern}, as n_{split} says.")
            for number, (content, label) in enumerate(_rows(path, file, image_column, label_column)):
                name = f"{path}, row {number}"
                if not isinstance(content, bytes):
                    raise UserError(
                        f"{name} holds no picture, but a path or nothing; get the files with pictures."
                    )
                resize = entry.get("resize", False)
                images.append(read_image(io.BytesIO(content), declared.image_shape, resize, name)[0])
                labels.append(label)
        if len(labels) != n_rows:
            raise UserError(
                f"{folder} has {len(labels)} rows in {pattern}; expected {n_rows}, as n_{split} says."
            )
        arrays[f"{split}_images"] = np.stack(images)
        arrays[f"{split}_labels"] = validate_labels(labels, n_rows, declared.n_classes, f"{folder}/{pattern}")
    names = validate_class_names(classes, declared.n_classes, f"The metadata of {folder}")
    return ImageDataset(**arrays, classes=names, image_shape=declared.image_shape)


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"{path} can't be read as Parquet ({escape_ascii(error, 100)}); get it again."
        ) from None


def _columns(path: Path, file: pq.ParquetFile, wanted: str | None) -> tuple[str, str, list[str]]:
    """Return the column of images, that of classes, and the names of the classes."""
    try:
        features = json.loads((file.schema_arrow.metadata or {})[HUB_KEY])["info"]["features"]
        types = {
            name: spec["_type"]
            for name, spec in features.items()
            if isinstance(spec, dict) and "_type" in spec
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UserError(
            f"{path} does not say which columns hold images and classes; expected the metadata that the hub's library "
            "`datasets` writes."
        ) from None
    images = [name for name, column_type in types.items() if column_type == "Image"]
    labels = [name for name, column_type in types.items() if column_type == "ClassLabel"]
    if len(images) != 1:
        raise UserError(f"{path} has {len(images)} columns of images; expected 1.")
    values = [name for name, column_type in types.items() if column_type == "Value"]
    candidates = [wanted] if wanted else [] if labels else sorted(values, key=lambda name: name != "label")
    if candidates and candidates[0] in values:
        column = escape_ascii(candidates[0], 40)
        raise UserError(
            f"{path} has values without class names in its column {column} (Value, not ClassLabel); convert it with "
            f'ds.cast_column("{column}", ClassLabel(names=[...])) or ds.class_encode_column("{column}").'
        )
    if (wanted is not None and wanted not in labels) or (wanted is None and len(labels) != 1):
        known = ", ".join(escape_ascii(name, 40) for name in labels) or "none"
        remedy = "name one of them by labels" if labels else "get files that have one"
        raise UserError(f"{path} has these columns of classes: {known}; {remedy}.")
    label = wanted or labels[0]
    names = features[label].get("names")
    if not isinstance(names, list):
        raise UserError(f"{path} does not name the classes of its column {escape_ascii(label, 40)}.")
    return images[0], label, names


def _rows(path: Path, file: pq.ParquetFile, image: str, label: str) -> Iterator[tuple[Any, Any]]:
    """Yield the bytes of each image, and its class."""
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=[f"{image}.bytes", label]):
            contents = batch.column(image).field("bytes").to_pylist()
            yield from zip(contents, batch.column(label).to_pylist(), strict=True)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UserError(
            f"{path} has no pictures in {escape_ascii(image, 40)}, or no classes in {escape_ascii(label, 40)} "
            f"({escape_ascii(error, 100)}); get it again."
        ) from None
