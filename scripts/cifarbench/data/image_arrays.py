"""Find labelled images in files of arrays: .npz, the idx files of MNIST, and Parquet."""

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_sources import SPLIT_OF_NAME, ImageRecord, ImageSource, Load, order_classes
from cifarbench.data.printable import list_names, refuse_damaged
from cifarbench.errors import UserError

# Names of the arrays of images and of labels of one part in an .npz; the part's name replaces the braces.
NPZ_NAMES = (("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("images_{}", "labels_{}"), ("X_{}", "y_{}"))
NPZ_UNSPLIT = (("images", "labels"), ("x", "y"), ("X", "y"), ("data", "labels"), ("data", "target"))
NPZ_CLASSES = ("classes", "class_names", "label_names")
NPZ_DAMAGE = ("save it again by numpy.savez", " as .npz")
# The code of the data type uint8 in idx files.
UNSIGNED_BYTE = 8
FASHION_MNIST = [
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag"),
    "Ankle boot",
]
IMAGE_COLUMNS = ("image", "img", "images", "picture")
LABEL_COLUMNS = ("label", "labels", "class", "category", "target", "fine_label")
# Images of a Parquet file in memory at once, still compressed.
BATCH_ROWS = 500


# ---- npz ----


def find_npz_images(path: Path) -> ImageSource:
    """Return the images of an .npz: x_train, y_train, x_test, y_test; MedMNIST's names; or images, labels."""
    with refuse_damaged(path, *NPZ_DAMAGE):
        with zipfile.ZipFile(path) as file:
            members = [name.removesuffix(".npy") for name in file.namelist()]
        parts = _npz_parts(members)
        if not parts:
            raise UserError(
                f"{path} has no arrays of images and labels; it holds {list_names(members)}: name them x_train, "
                "y_train, x_test, y_test, or images, labels."
            )
        with np.load(path, allow_pickle=False) as arrays:
            labels = {images: arrays[labels] for images, labels in parts.values()}
            class_key = next((name for name in NPZ_CLASSES if name in members), None)
            names = [str(name) for name in arrays[class_key]] if class_key else None
    records = []
    for part, (images, _) in parts.items():
        texts = [_class_name(label, names) for label in labels[images].reshape(-1).tolist()]
        records += [ImageRecord(f"{images} {row:06}", text, part) for row, text in enumerate(texts)]
    classes = order_classes(records, names or [])
    return ImageSource(path, "arrays of an .npz file", records, classes, partial(_load_npz, path))


def list_npz(path: Path) -> tuple[list[str], Load]:
    """Return the names of all images in the arrays (N, H, W) and (N, H, W, C) of an .npz, and what reads them."""
    with refuse_damaged(path, *NPZ_DAMAGE), np.load(path, allow_pickle=False) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
    names = [
        f"{name} {row:06}"
        for name, shape in shapes.items()
        if len(shape) in (3, 4)
        for row in range(shape[0])
    ]
    return names, partial(_load_npz, path)


def _npz_parts(members: list[str]) -> dict[str, tuple[str, str]]:
    """Return the names of the arrays of images and labels of each part; "" for images without a split."""
    parts: dict[str, tuple[str, str]] = {}
    for name, split in SPLIT_OF_NAME.items():
        for images, labels in NPZ_NAMES:
            pair = images.format(name), labels.format(name)
            if {*pair} <= {*members}:
                parts.setdefault(split, pair)
    unsplit = next((pair for pair in NPZ_UNSPLIT if {*pair} <= {*members}), None)
    return parts or ({"": unsplit} if unsplit else {})


def _class_name(label: Any, names: list[str] | None) -> str:
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    if names is not None and isinstance(label, int) and 0 <= label < len(names):
        return names[label]
    return str(label)


def _load_npz(path: Path, wanted: list[str]) -> Iterator[tuple[int, Callable[[], np.ndarray]]]:
    with np.load(path, allow_pickle=False) as arrays:
        for array, positions in _group_rows(wanted).items():
            images = _to_uint8(arrays[array], f"{array} in {path}")
            for row, index in positions.items():
                yield index, partial(_image_at, images, row)


def _group_rows(wanted: list[str]) -> dict[str, dict[int, int]]:
    """Return array or file -> row -> position in `wanted`, names of images such as `x_train 000012`."""
    rows: dict[str, dict[int, int]] = {}
    for index, name in enumerate(wanted):
        array, number = name.rsplit(" ", 1)
        rows.setdefault(array, {})[int(number)] = index
    return rows


def _to_uint8(images: np.ndarray, where: str) -> np.ndarray:
    """Return images (N, H, W[, C]) as uint8; floats of 0 to 1 are scaled to 255. UserError for others."""
    if images.ndim not in (3, 4):
        raise UserError(
            f"{where} has the shape {images.shape}; expected images of (N, H, W) or (N, H, W, C)."
        )
    if images.dtype == np.uint8:
        return images
    low, high = float(images.min()), float(images.max())
    if images.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(images * 255).astype(np.uint8)
    if low >= 0 and high <= 255:
        return np.rint(images).astype(np.uint8)
    raise UserError(f"{where} has values from {low:g} to {high:g}; expected 0 to 255, or floats of 0 to 1.")


def _image_at(images: np.ndarray, row: int) -> np.ndarray:
    """Return an image (H, W) or (H, W, C) of images whose channels may come first."""
    image = images[row]
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[2] not in (1, 3, 4):
        image = image.transpose(1, 2, 0)
    return image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image


# ---- idx ----


def find_idx_images(folder: Path) -> ImageSource:
    """Return the images of the idx files in a folder, such as `train-images-idx3-ubyte.gz`."""
    records = []
    for images in sorted(path for path in folder.iterdir() if "-idx3-" in path.name and path.name[0] != "."):
        labels = _idx_labels(images)
        part = SPLIT_OF_NAME.get(images.name.partition("-")[0].lower(), "")
        values = _read_idx(labels)
        n_images = len(_read_idx(images, header_only=True))
        if len(values) != n_images:
            raise UserError(f"{labels} has {len(values)} labels; expected {n_images}, one for each image.")
        records += [
            ImageRecord(f"{images.name} {row:06}", str(label), part)
            for row, label in enumerate(values.tolist())
        ]
    if "fashion" in folder.resolve().name.lower() and {r.label for r in records} == set(map(str, range(10))):
        # The files have only numbers.
        records = [record._replace(label=FASHION_MNIST[int(record.label)]) for record in records]
        classes = FASHION_MNIST
    else:
        classes = order_classes(records)
    return ImageSource(folder, "idx files", records, classes, partial(_load_idx, folder))


def _idx_labels(images: Path) -> Path:
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("-idx3-", "-idx1-")
    for path in (images.with_name(f"{name}.gz"), images.with_name(name)):
        if path.is_file():
            return path
    raise UserError(f"{images.parent} has no {name} and no {name}.gz for {images.name}; add it.")


def _read_idx(path: Path, header_only: bool = False) -> np.ndarray:
    """Return the bytes of an idx file in their shape; of the header alone, zeros of this shape without memory."""
    open_file = gzip.open if path.suffix == ".gz" else open
    with refuse_damaged(path, "download it again", "", struct.error), open_file(path, "rb") as file:
        zero, kind, n_dims = struct.unpack(">HBB", file.read(4))
        shape = struct.unpack(f">{n_dims}I", file.read(4 * n_dims))
        if zero or kind != UNSIGNED_BYTE:
            raise UserError(f"{path} is no idx file of bytes; download it again.")
        if header_only:
            return np.broadcast_to(np.uint8(0), shape)
        size = int(np.prod(shape, dtype=object))
        content = file.read(size + 1)
    if len(content) != size:
        raise UserError(f"{path} does not hold {size} bytes, as its header says; download it again.")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _load_idx(folder: Path, wanted: list[str]) -> Iterator[tuple[int, Callable[[], np.ndarray]]]:
    for file, positions in _group_rows(wanted).items():
        images = _read_idx(folder / file)
        for row, index in positions.items():
            yield index, partial(_image_at, images, row)


# ---- Parquet ----


def find_parquet_images(path: Path, files: list[Path]) -> ImageSource:
    """Return the images of Parquet files as the Hugging Face hub has them: one column of images, one of labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records, names = [], None
    for file in sorted(files):
        with refuse_damaged(file, "download it again", " as Parquet", pa.ArrowException):
            table = pq.ParquetFile(file)
            _, label, names = _parquet_columns(file, table)
            labels = table.read([label]).column(0).to_pylist()
        relative = file.relative_to(path).as_posix() if path.is_dir() else file.name
        if any(value is None or value == -1 for value in labels):
            raise UserError(f"{file} has images without a label; use a split of the dataset that has labels.")
        records += [
            ImageRecord(f"{relative} {row:06}", _class_name(value, names), _parquet_split(relative))
            for row, value in enumerate(labels)
        ]
    classes = order_classes(records, names or [])
    return ImageSource(path, "Parquet files", records, classes, partial(_load_parquet, path))


def list_parquet(path: Path) -> tuple[list[str], Load]:
    """Return the names of all images of a Parquet file, and what reads them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with refuse_damaged(path, "download it again", " as Parquet", pa.ArrowException):
        n_rows = pq.ParquetFile(path).metadata.num_rows
    return [f"{path.name} {row:06}" for row in range(n_rows)], partial(_load_parquet, path)


def _parquet_split(name: str) -> str:
    """Return the part that a Parquet file has by its name, such as train-00000-of-00001, or by its folder's."""
    path = Path(name)
    for text in (path.stem.lower().partition("-")[0], path.parent.name.lower()):
        if text in SPLIT_OF_NAME:
            return SPLIT_OF_NAME[text]
    return ""


def _parquet_columns(path: Path, file: Any, labelled: bool = True) -> tuple[str, str, list[str] | None]:
    """Return the columns of images and labels, and the names of the classes if the hub's metadata have them.

    labelled: whether it must have labels.
    """
    from cifarbench.data.parquet import HUB_KEY

    schema = file.schema_arrow
    try:
        features = json.loads((schema.metadata or {})[HUB_KEY])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        features = {}
    images = [name for name in schema.names if features.get(name, {}).get("_type") == "Image"]
    images += [name for name in IMAGE_COLUMNS if name in schema.names]
    labels = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    labels += [name for name in LABEL_COLUMNS if name in schema.names]
    labels += [""] * (not labelled)
    if not images or not labels:
        raise UserError(
            f"{path} has the columns {list_names(schema.names)}; name that of the images image, and that of the "
            "classes label."
        )
    names = features.get(labels[0], {}).get("names")
    return images[0], labels[0], names if isinstance(names, list) else None


def _load_parquet(path: Path, wanted: list[str]) -> Iterator[tuple[int, Callable[[], io.BytesIO]]]:
    import pyarrow.parquet as pq

    for name, positions in _group_rows(wanted).items():
        file = path / name if path.is_dir() else path
        table = pq.ParquetFile(file)
        image = _parquet_columns(file, table, labelled=False)[0]
        row = 0
        for batch in table.iter_batches(BATCH_ROWS, columns=[image]):
            for content in batch.column(0).to_pylist():
                if row in positions:
                    content = content.get("bytes") if isinstance(content, dict) else content
                    yield positions[row], partial(io.BytesIO, content or b"")
                row += 1
