"""Images from Parquet files, as the Hugging Face hub lays out a dataset: `train-00000-of-00002.parquet`, `test-…`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.data.image_file import MODES, decode_image
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError

REMEDY = "set resize: true to have pictures scaled and cut to it"
# Pictures that are in memory at once, still compressed.
BATCH_ROWS = 500
# Of the file's metadata: what the hub says of the columns.
HUB = b"huggingface"


def read_parquet(folder: Path, entry: dict[str, Any], declared: DatasetSpec) -> ImageDataset:
    """The images of the files of a folder whose names begin with `train` and `test`, wherever they lie in it.

    Which column holds images, and which one classes and their names, is what the hub's metadata say. entry: `labels`,
    the column of the classes where there are several; `resize`, as for a folder of pictures.

    Raises UserError if a file is missing, damaged, or not as declared, and for a picture that can't be read.
    """
    if declared.image_shape[0] not in MODES:
        raise UserError(
            f"image_shape declares {declared.image_shape[0]} channels; pictures have 1 (grey) or 3 (colours)."
        )
    arrays: dict[str, np.ndarray] = {}
    classes: list[str] = []
    for part, rows in (("train", declared.n_train), ("test", declared.n_test)):
        paths = sorted(folder.rglob(f"{part}*.parquet"), key=lambda path: path.name)
        if not paths:
            raise UserError(
                f"{folder} has no {part}*.parquet; expected the files of a dataset as the hub has them."
            )
        images, labels = [], []
        for path in paths:
            file = _open(path)
            image, label, names = _columns(path, file, entry.get("labels"))
            if classes and names != classes:
                raise UserError(
                    f"{path} names other classes than the files before it; expected the same in all."
                )
            classes = names
            left = rows - len(labels)
            if file.metadata.num_rows > left:
                raise UserError(f"{folder} has more than {rows} rows in {part}*.parquet, as n_{part} says.")
            for number, (content, value) in enumerate(_rows(path, file, image, label)):
                name = f"{path}, row {number}"
                if not isinstance(content, bytes):
                    raise UserError(
                        f"{name} holds no picture, but a path or nothing; get the files with pictures."
                    )
                pixels, _ = decode_image(
                    io.BytesIO(content), name, declared.image_shape, entry.get("resize", False), REMEDY
                )
                images.append(pixels)
                labels.append(value)
        if len(labels) != rows:
            raise UserError(
                f"{folder} has {len(labels)} rows in {part}*.parquet; expected {rows}, as n_{part} says."
            )
        arrays[f"{part}_images"] = np.stack(images)
        arrays[f"{part}_labels"] = validate_labels(labels, rows, declared.n_classes, f"{part}*.parquet")
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
    """The column of images, that of classes, and the classes' names."""
    try:
        features = json.loads((file.schema_arrow.metadata or {})[HUB])["info"]["features"]
        by_type = {
            kind: {
                name: one
                for name, one in features.items()
                if isinstance(one, dict) and one.get("_type") == kind
            }
            for kind in ("Image", "ClassLabel")
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UserError(
            f"{path} does not say which columns hold images and classes; expected the metadata that the hub's library "
            "`datasets` writes."
        ) from None
    images, labels = by_type["Image"], by_type["ClassLabel"]
    if len(images) != 1:
        raise UserError(f"{path} has {len(images)} columns of images; expected 1.")
    if (wanted is not None and wanted not in labels) or (wanted is None and len(labels) != 1):
        known = ", ".join(escape_ascii(name, 40) for name in labels) or "none"
        raise UserError(f"{path} has these columns of classes: {known}; name one of them by labels.")
    label = wanted or next(iter(labels))
    names = labels[label].get("names")
    if not isinstance(names, list):
        raise UserError(f"{path} does not name the classes of its column {escape_ascii(label, 40)}.")
    return next(iter(images)), label, names


def _rows(path: Path, file: pq.ParquetFile, image: str, label: str) -> Iterator[tuple[Any, Any]]:
    """The bytes of each picture, and its class."""
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=[f"{image}.bytes", label]):
            pictures = batch.column(image).field("bytes").to_pylist()
            yield from zip(pictures, batch.column(label).to_pylist(), strict=True)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UserError(
            f"{path} has no pictures in {escape_ascii(image, 40)}, or no classes in {escape_ascii(label, 40)} "
            f"({escape_ascii(error, 100)}); get it again."
        ) from None
