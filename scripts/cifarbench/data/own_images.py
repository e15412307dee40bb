"""Read images of any layout into one array, and assign them to training and test images.

The intermediate table has one row per image, in the order of the array: file, label, group and split.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data import group_split
from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.image_file import read_image
from cifarbench.data.image_sources import Content, ImageRecord, ImageSource, order_classes
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError
from cifarbench.runtime.threads import map_threaded

# Largest share of images that may be unreadable or missing.
MAX_SKIPPED_SHARE = 0.05
PROGRESS_SECONDS = 0.5

Row = tuple[int, np.ndarray | None, str]


@dataclass
class ReadImages:
    """Images that were read: records and pixels (N, D) uint8 of equal length; skipped: (file, reason)."""

    records: list[ImageRecord]
    pixels: np.ndarray
    skipped: list[tuple[str, str]]


def read_images(
    source: ImageSource, image_shape: tuple[int, int, int], resize: str, threads: int
) -> ReadImages:
    """Read all images of a source, with unreadable ones skipped.

    resize: one of `image_file.RESIZE_MODES`. Results do not depend on `threads`.

    Raises UserError if more than 5% can't be read.
    """
    records = source.records
    pixels = np.empty((len(records), int(np.prod(image_shape))), np.uint8)
    reasons: dict[int, str] = {}

    def work(item: tuple[int, Callable[[], Content]]) -> Row:
        index, load = item
        name = records[index].name
        try:
            return index, read_image(load(), image_shape, resize, name)[0], ""
        except UserError as error:
            return index, None, str(error).removeprefix(f"{name} ")
        except (OSError, ValueError, RuntimeError) as error:
            return index, None, f"can't be read ({escape_ascii(error)})."

    seen = np.zeros(len(records), bool)
    start = last = time.monotonic()
    rows = map_threaded(work, source.load([record.name for record in records]), threads)
    for done, (index, row, reason) in enumerate(rows, start=1):
        seen[index] = row is not None
        if row is None:
            reasons[index] = reason
        else:
            pixels[index] = row
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            # The display on a terminal has a bar for it.
            logging.info("read %d of %d images, %.0f per second", done, len(records), done / (last - start))
    skipped = [
        (record.name, reasons.get(index, "can't be read."))
        for index, record in enumerate(records)
        if not seen[index]
    ]
    skipped += [(name, "does not exist.") for name in source.missing]
    _refuse_too_many(source, skipped)
    kept = [record for record, ok in zip(records, seen, strict=True) if ok]
    return ReadImages(kept, pixels if seen.all() else pixels[seen], skipped)


def _refuse_too_many(source: ImageSource, skipped: list[tuple[str, str]]) -> None:
    n_images = len(source.records) + len(source.missing)
    if len(skipped) > MAX_SKIPPED_SHARE * n_images:
        name, reason = skipped[0]
        raise UserError(
            f"{source.path} has {len(skipped)} of {n_images} images that can't be read, more than "
            f"{MAX_SKIPPED_SHARE:.0%}, such as {escape_ascii(name)}: it {reason} Repair or remove them."
        )


@dataclass
class Division:
    """Images divided into training and test images.

    dataset: the arrays; with folds, all images are test images. records: of the rows, training images first. groups:
    (N,) int, the number of each row's group. summary: what dataset.json has of the division.
    """

    dataset: ImageDataset
    records: list[ImageRecord]
    groups: np.ndarray
    summary: dict[str, Any]

    @property
    def folds(self) -> np.ndarray | None:
        """The fold of each row, (N,) int from 0; None if the images are divided into training and test images."""
        if len(self.dataset.train_labels):
            return None
        return np.unique([record.split for record in self.records], return_inverse=True)[1]


def divide_images(
    records: list[ImageRecord],
    pixels: np.ndarray,
    image_shape: tuple[int, int, int],
    classes: list[str],
    seed: int,
    group: str | None = None,
    split_file: Path | None = None,
    find_duplicates: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
    n_folds: int = 0,
) -> Division:
    """Divide images into training and test images, or into the folds of a cross-validation.

    The split is that of `split_file`, else that of the records, else a random one: stratified, a fifth of the images,
    groups and near-duplicates on one side.

    Parameters
    ----------
    records, pixels : the images, (N, D) uint8.
    classes : in the order of the labels.
    group : a regular expression on the file names, unless the records have groups.
    find_duplicates : takes images (N, D) and returns pairs of indices of near-duplicates, (P,) each; called for a
        random split.
    n_folds : the number of folds in place of a random split; 0 for none.

    Raises UserError if a class has no training or no test images, or images in one fold only, and if a given split
    divides a group.
    """
    rows = np.arange(len(records))
    if group and not any(record.group for record in records):
        names = group_split.groups_of_names([record.name for record in records], group)
        records = [record._replace(group=name) for record, name in zip(records, names, strict=True)]
    if split_file:
        position = {record.name: row for row, record in enumerate(records)}
        records = group_split.read_split(split_file, records)
        rows = np.array([position[record.name] for record in records])
    named = group_split.number_groups([record.group for record in records])
    classes = order_classes(records, classes)
    label_of = {name: number for number, name in enumerate(classes)}
    labels = np.array([label_of[record.label] for record in records], np.int64)
    method = "file" if split_file else "given" if any(record.split for record in records) else "random"
    groups, n_pairs = named, 0
    if method == "random":
        first, second = find_duplicates(pixels) if find_duplicates else (rows[:0], rows[:0])
        n_pairs = len(first)
        groups = group_split.merge_groups(named, first, second)
        if n_folds:
            names = [f"fold_{fold + 1}" for fold in group_split.draw_folds(labels, groups, n_folds, seed)]
        else:
            is_test = group_split.draw_test_groups(labels, groups, seed)
            names = ["test" if test else "train" for test in is_test]
        records = [record._replace(split=name) for record, name in zip(records, names, strict=True)]
    else:
        group_split.check_groups(records, str(split_file or "The split of the images"))
    # Training images first; rows of one part keep their order.
    order = np.argsort([record.split == "test" for record in records], kind="stable")
    n_train = sum(record.split == "train" for record in records)
    images, labels = pixels[rows[order]], labels[order]
    dataset = ImageDataset(
        images[:n_train], labels[:n_train], images[n_train:], labels[n_train:], classes, image_shape
    )
    if n_train:
        dataset.validate()
    else:
        group_split.check_folds([record.split for record in records], labels, classes)
    groups = group_split.number_groups(groups[order].tolist())
    sizes = Counter(groups.tolist())
    has_groups = group or any(record.group for record in records)
    prefixes = (
        None if has_groups else group_split.find_name_groups([record.name for record in records], classes)
    )
    summary = {
        "split": method,
        "n_duplicate_pairs": n_pairs,
        "n_named_groups": len({record.group for record in records if record.group}),
        "n_groups": sum(size > 1 for size in sizes.values()),
        "n_grouped": sum(size for size in sizes.values() if size > 1),
        "name_prefixes": prefixes,
    }
    return Division(dataset, [records[row] for row in order], groups, summary)
