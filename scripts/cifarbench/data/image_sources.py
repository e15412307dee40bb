"""Find the labelled images in a folder, an archive or a file, whatever their layout.

`find_images` lists images, labels, splits and groups, and reads no pixels; `ImageSource.load_each` reads them.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from cifarbench.data.containers import Container, open_container
from cifarbench.data.image_dataset import validate_class_names
from cifarbench.data.image_file import SUFFIXES
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_csv

# Names of folders, files and values of a column for each part of a split; `val` is the test part if there is no other.
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "t10k"),
}
SPLIT_OF_NAME = {name: split for split, names in SPLIT_NAMES.items() for name in names}
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")
# Names of the columns of a table, in small letters.
FILE_COLUMNS = ("file", "filename", "file_name", "path", "filepath", "image", "image_id", "img", "id")
LABEL_COLUMNS = ("label", "class", "category", "target", "labels")
SPLIT_COLUMNS = ("split", "subset", "set", "partition")
GROUP_COLUMN = "group"
# Smallest share of a table's rows whose files exist; other tables are about something else.
MIN_RESOLVED = 0.5

# A file, its content, or an image (H, W) or (H, W, C).
Content = Path | io.BytesIO | np.ndarray
# Takes the names of images; yields the position of each and a function that returns its content.
Load = Callable[[list[str]], Iterator[tuple[int, Callable[[], Content]]]]


class ImageRecord(NamedTuple):
    """An image's name within its source, its class, its part of the split (train, test or ""), and its group or ""."""

    name: str
    label: str
    split: str = ""
    group: str = ""


@dataclass
class ImageSource:
    """The labelled images that were found.

    layout: the layout in a few words, such as `class folders`.
    records: one per image, sorted by class and name.
    classes: names of the classes, in the order of the labels.
    notes: sentences on what was left out.
    missing: names that a table lists, and that do not exist.
    load: reads images by their names.
    """

    path: Path
    layout: str
    records: list[ImageRecord]
    classes: list[str]
    load: Load
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def find_images(path: Path, group_column: str | None = None) -> ImageSource:
    """Return the labelled images of a folder, an archive (zip, tar), a table (CSV) or a file of arrays (npz, Parquet).

    group_column: the column of a table that has the groups; `group` unless given.

    Raises UserError if there are none, or fewer than two classes.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz" and path.is_file():
        from cifarbench.data.image_arrays import find_npz_images

        return _checked(find_npz_images(path))
    if suffix == ".parquet" and path.is_file():
        from cifarbench.data.image_arrays import find_parquet_images

        return _checked(find_parquet_images(path, [path]))
    if suffix in TABLE_SUFFIXES and path.is_file():
        source = _find_in_tables(open_container(path.parent), [path.name], group_column, path)
        assert source is not None, "a table that is named raises an error instead"
        return _checked(source)
    return _checked(_find_in_container(open_container(path), group_column))


def find_unlabelled(path: Path) -> tuple[list[str], Load]:
    """Return the names of all images of an archive, a table or a file of arrays, and what reads them.

    Labels and splits are ignored. Raises UserError if the file can't be read.
    """
    from cifarbench.data import image_arrays

    suffix = path.suffix.lower()
    if suffix in (".npz", ".parquet"):
        list_arrays = image_arrays.list_npz if suffix == ".npz" else image_arrays.list_parquet
        return list_arrays(path)
    container = open_container(path.parent if suffix in TABLE_SUFFIXES else path)
    images = [name for name in container.names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if suffix in TABLE_SUFFIXES:
        rows = _read_table(container, path.name, path)
        column = next((name for name in (rows[0][1] if rows else {}) if name.lower() in FILE_COLUMNS), None)
        if column is None:
            raise UserError(f"{path} has no column of files in its first line; begin it with file.")
        resolve = _resolver(images, PurePosixPath())
        # The loader reports files that do not exist.
        images = [resolve(row[column]) or row[column] for _, row in rows if row[column]]
    return images, container.load_each


def _find_in_container(container: Container, group_column: str | None) -> ImageSource:
    path, names = container.path, container.names
    if path.is_dir():
        from cifarbench.data.image_arrays import find_idx_images, find_parquet_images

        if any("-idx3-" in name for name in names):
            return find_idx_images(path)
        parquet = [path / name for name in names if name.lower().endswith(".parquet")]
        if parquet:
            return find_parquet_images(path, parquet)
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in TABLE_SUFFIXES]
    if tables:
        source = _find_in_tables(container, tables, group_column)
        if source is not None:
            return source
    images = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not images:
        others = Counter(PurePosixPath(name).suffix.lower() or name for name in names).most_common(3)
        found = ", ".join(f"{count} x {escape_ascii(suffix)}" for suffix, count in others) or "nothing"
        raise UserError(
            f"{path} has no images (PNG, JPEG, WebP, BMP, TIFF, GIF); it holds {found}: name a folder with one folder "
            "of images for each class."
        )
    return _find_in_folders(container, images)


def _checked(source: ImageSource) -> ImageSource:
    """Return the source if it has two classes or more with valid names, with val resolved to train or test."""
    path = source.path
    if not source.records:
        raise UserError(f"{path} has no labelled images; {source.layout} were found: check their labels.")
    if len(source.classes) < 2:
        raise UserError(
            f"{path} has the class {escape_ascii(source.classes[0])} only; give at least two classes, each in a folder "
            "of its own."
        )
    validate_class_names(source.classes, len(source.classes), str(path))
    present = {record.split for record in source.records}
    # Validation images are the test images if there are no others, and further training images if there are.
    instead = {"": "", "train": "train", "test": "test", "val": "train" if "test" in present else "test"}
    if "" in present and len(present) > 1:
        example = next(record.name for record in source.records if not record.split)
        raise UserError(
            f"{escape_ascii(example)} in {path} is in none of train and test, as others are; assign it, or remove it."
        )
    if len({instead[split] for split in present}) < 2:
        # All of them are to be divided.
        instead = dict.fromkeys(instead, "")
    order = {name: position for position, name in enumerate(source.classes)}
    source.records = sorted(
        (record._replace(split=instead[record.split]) for record in source.records),
        key=lambda record: (order[record.label], record.name),
    )
    return source


def order_classes(records: list[ImageRecord], known: Sequence[str] = ()) -> list[str]:
    """Return the classes of images: those of `known` in its order, then others by name, or by value if all are numbers.

    known: names, of which some may have no image.
    """
    present = {record.label for record in records}
    rest = present - {*known}
    are_numbers = all(name.isascii() and name.isdecimal() for name in rest)
    ordered = sorted(rest, key=lambda name: (int(name), name)) if are_numbers else sorted(rest)
    return [name for name in known if name in present] + ordered


# ---- Folders ----


def _find_in_folders(container: Container, images: list[str]) -> ImageSource:
    """Return images whose folder is their class: directly, below train and test, or above them."""
    path = container.path
    parts = _without_common_folder([PurePosixPath(name).parts for name in images])
    first = {part[0].lower() for part in parts if len(part) > 1}
    has_splits = "train" in {SPLIT_OF_NAME.get(name) for name in first} and first <= {*SPLIT_OF_NAME}
    inner = {part[-2].lower() for part in parts if len(part) > 2}
    has_inner_splits = inner and len(inner) > 1 and inner <= {*SPLIT_OF_NAME} and not has_splits
    records, notes, loose = [], [], []
    for name, part in zip(images, parts, strict=True):
        folders = part[:-1]
        if has_splits:
            split, folders = SPLIT_OF_NAME.get(folders[0].lower() if folders else "", ""), folders[1:]
        elif has_inner_splits and len(folders) > 1:
            split, folders = SPLIT_OF_NAME[folders[-1].lower()], folders[:-1]
        else:
            split = ""
        if folders:
            records.append(ImageRecord(name, folders[-1], split))
        else:
            loose.append(name)
    if not records:
        raise UserError(
            f"{path} has images, such as {escape_ascii(loose[0])}, but no folders of classes; put the images of each "
            "class into a folder of its own, or list file and label in a CSV file."
        )
    if loose:
        notes.append(
            f"Images in no class folder were left out: {len(loose)}, such as {escape_ascii(loose[0])}."
        )
    layout = "train and test folders" if has_splits or has_inner_splits else "class folders"
    return ImageSource(path, layout, records, order_classes(records), container.load_each, notes)


def _without_common_folder(parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return paths without the folder that packs all of them, if there are folders of classes within."""
    while len({part[0] for part in parts}) == 1 and all(len(part) > 2 for part in parts):
        parts = [part[1:] for part in parts]
    return parts


# ---- Tables ----


def _find_in_tables(
    container: Container, tables: list[str], group_column: str | None, named: Path | None = None
) -> ImageSource | None:
    """Return the images that tables list with their labels; None if no table does.

    named: the table that the user has named, whose mistakes are errors.
    """
    path = named or container.path
    images = [name for name in container.names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    records, missing = [], []
    for table in tables:
        rows = _read_table(container, table, named)
        columns = _columns(rows, group_column)
        if columns is None:
            if named:
                raise UserError(
                    f"{path} has no columns of files and labels in its first line; begin it with file,label."
                )
            continue
        found, lacking = _records_of_table(table, rows, columns, images, path)
        if named or len(found) >= MIN_RESOLVED * len(rows):
            records += found
            missing += lacking
    if not records:
        if named:
            raise UserError(
                f"{path} lists no file that exists; give paths relative to the folder of the table."
            )
        return None
    layout = "a table of files and labels"
    return ImageSource(path, layout, records, order_classes(records), container.load_each, missing=missing)


def _read_table(container: Container, table: str, named: Path | None) -> list[tuple[int, dict[str, str]]]:
    """Return line numbers and rows of a table, or none if it is not one and the user has not named it."""
    content = container.read(table)
    try:
        if table.lower().endswith(".jsonl"):
            import json

            rows = [json.loads(line) for line in content.decode().splitlines() if line.strip()]
            return [
                (number, {key: str(value) for key, value in row.items()})
                for number, row in enumerate(rows, start=1)
            ]
        return read_user_csv(container.path / table, (), "images", content)
    except (UserError, ValueError, AttributeError) as error:
        if named:
            raise UserError(f"{named} can't be read as a table ({error}); correct it.") from None
        return []


def _columns(rows: list[tuple[int, dict[str, str]]], group_column: str | None) -> dict[str, str] | None:
    """Return the columns of a table that have file, label, split and group; None without file and label."""
    header = {name.lower(): name for name in rows[0][1]} if rows else {}
    wanted = {
        "name": FILE_COLUMNS,
        "label": LABEL_COLUMNS,
        "split": SPLIT_COLUMNS,
        "group": ((group_column or GROUP_COLUMN).lower(),),
    }
    columns = {
        key: next((header[name] for name in names if name in header), "") for key, names in wanted.items()
    }
    return columns if columns["name"] and columns["label"] else None


def _records_of_table(
    table: str,
    rows: list[tuple[int, dict[str, str]]],
    columns: dict[str, str],
    images: list[str],
    path: Path,
) -> tuple[list[ImageRecord], list[str]]:
    """Return the records of a table whose files exist, and the names of the other files."""
    resolve = _resolver(images, PurePosixPath(table).parent)
    stems = (PurePosixPath(table).stem.lower(), PurePosixPath(table).parent.name.lower())
    split_of_table = next((SPLIT_OF_NAME[stem] for stem in stems if stem in SPLIT_OF_NAME), "")
    records, missing, seen = [], [], set()
    for line, row in rows:
        value = {key: row.get(column, "") if column else "" for key, column in columns.items()}
        if not value["name"] and not value["label"]:
            continue
        if not value["label"]:
            raise UserError(
                f"{path} has no label for {escape_ascii(value['name'])} in line {line}; add it, or delete the line."
            )
        split = SPLIT_OF_NAME.get(value["split"].lower(), "") if value["split"] else split_of_table
        if value["split"] and not split:
            raise UserError(
                f"{path} has the split {escape_ascii(value['split'])} in line {line}; write train, test or val."
            )
        name = resolve(value["name"])
        if name is None:
            missing.append(value["name"])
        elif name in seen:
            raise UserError(f"{path} lists {escape_ascii(value['name'])} twice; delete line {line}.")
        else:
            seen.add(name)
            records.append(ImageRecord(name, value["label"], split, value["group"]))
    return records, missing


def _resolver(images: list[str], folder: PurePosixPath) -> Callable[[str], str | None]:
    """Return a function that finds a table's file: by its path, or by its name with or without the suffix."""
    known = set(images)
    by_name: dict[str, str | None] = {}
    for image in images:
        pure = PurePosixPath(image)
        for key in {pure.name, pure.stem}:
            # A name that several files have is not unique.
            by_name[key] = None if key in by_name else image

    def resolve(name: str) -> str | None:
        name = name.replace("\\", "/").removeprefix("./")
        within = (folder / name).as_posix()
        if within in known:
            return within
        return name if name in known else by_name.get(PurePosixPath(name).name)

    return resolve
