"""Read Parquet files as the Hugging Face hub lays out a dataset: `train-00000-of-00002.parquet`, `test-…`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cifarbench.data.image_dataset import DatasetSpec, ImageDataset, validate_class_names, validate_labels
from cifarbench.data.image_file import read_image
from cifarbench.data.printable import escape_ascii, list_names, refuse_damaged
from cifarbench.errors import UserError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# Images in memory at once, still compressed.
BATCH_ROWS = 500
# Key of the file's metadata under which the hub describes the columns.
HUB_KEY = b"huggingface"


def read_parquet(folder: Path, entry: dict[str, Any], declared: DatasetSpec) -> ImageDataset:
    """Return the images of the files in a folder and its subfolders whose names begin with `train` and `test`.

    The hub's metadata name the column of images, that of labels, and the classes. entry: `labels`, the column of labels
    where there are several; `resize`, as for a folder of images.

    Raises UserError if a file is missing, damaged, or not as declared, and for an image that can't be read.
    """
    # An optional package.
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays: dict[str, np.ndarray] = {}
    classes: list[str] = []
    for split, n_rows in (("train", declared.n_train), ("test", declared.n_test)):
        pattern = f"{split}*.parquet"
        paths = sorted(folder.rglob(pattern), key=lambda path: path.name)
        if not paths:
            raise UserError(f"{folder} has no {pattern}; name a folder with the Parquet files of a dataset.")
        images: list[np.ndarray] = []
        labels: list[int] = []
        for path in paths:
            with refuse_damaged(path, "download it again", " as Parquet", pa.ArrowException):
                file = pq.ParquetFile(path)
                image_column, label_column, names = _columns(path, file, entry.get("labels"))
                if classes and names != classes:
                    raise UserError(f"{path} names other classes than the files before it; use one dataset.")
                classes = names
                if file.metadata.num_rows > n_rows - len(labels):
                    raise UserError(
                        f"{folder} has more than {n_rows} rows in {pattern}, as n_{split} declares."
                    )
                for number, (content, label) in enumerate(_rows(file, image_column, label_column)):
                    name = f"{path}, row {number}"
                    if not isinstance(content, bytes):
                        raise UserError(f"{name} has no image in it; download the dataset with its images.")
                    resize = entry.get("resize", False)
                    images.append(read_image(io.BytesIO(content), declared.image_shape, resize, name)[0])
                    labels.append(label)
        if len(labels) != n_rows:
            raise UserError(
                f"{folder} has {len(labels)} rows in {pattern}; expected {n_rows}, as n_{split} declares."
            )
        arrays[f"{split}_images"] = np.stack(images)
        arrays[f"{split}_labels"] = validate_labels(labels, n_rows, declared.n_classes, f"{folder}/{pattern}")
    names = validate_class_names(classes, declared.n_classes, f"The metadata of {folder}")
    return ImageDataset(**arrays, classes=names, image_shape=declared.image_shape)


def _columns(path: Path, file: pq.ParquetFile, wanted: str | None) -> tuple[str, str, list[str]]:
    """Return the column of images, that of labels, and the names of the classes."""
    try:
        features = json.loads((file.schema_arrow.metadata or {})[HUB_KEY])["info"]["features"]
        types = {name: spec["_type"] for name, spec in features.items() if "_type" in spec}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UserError(
            f"{path} does not describe its columns; write it with the hub's library `datasets`, which adds "
            "the metadata."
        ) from None
    images, labels, values = (
        [name for name, column_type in types.items() if column_type == wanted_type]
        for wanted_type in ("Image", "ClassLabel", "Value")
    )
    if len(images) != 1:
        raise UserError(f"{path} has {len(images)} columns of images; expected 1.")
    unnamed = wanted or ("label" if "label" in values else next(iter(values), None))
    if unnamed in values and (wanted or not labels):
        column = escape_ascii(unnamed, 40)
        raise UserError(
            f"{path} has values without class names in its column {column} (Value, not ClassLabel); convert it with "
            f'ds.cast_column("{column}", ClassLabel(names=[...])) or ds.class_encode_column("{column}").'
        )
    candidates = [name for name in labels if wanted in (None, name)]
    if len(candidates) != 1:
        remedy = "name one of them by labels" if labels else "use a dataset that has one"
        raise UserError(f"{path} has these columns of class labels: {list_names(labels)}; {remedy}.")
    names = features[candidates[0]].get("names")
    if not isinstance(names, list):
        raise UserError(f"{path} does not name the classes of its column {escape_ascii(candidates[0], 40)}.")
    return images[0], candidates[0], names


def _rows(file: pq.ParquetFile, image: str, label: str) -> Iterator[tuple[Any, Any]]:
    """Yield the bytes of each image, and its label."""
    for batch in file.iter_batches(BATCH_ROWS, columns=[f"{image}.bytes", label]):
        contents = batch.column(image).field("bytes").to_pylist()
        yield from zip(contents, batch.column(label).to_pylist(), strict=True)
