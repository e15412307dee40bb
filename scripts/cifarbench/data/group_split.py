"""Divide images into training and test images, with all images of a group on the same side."""

import re
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cifarbench.data.image_sources import SPLIT_OF_NAME, ImageRecord
from cifarbench.data.printable import escape_ascii
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_csv

# One in this many images is a test image; also the number of folds of a cross-validation.
TEST_DIVISOR = 5
# With fewer images per class on average, models are cross-validated instead of tested on a part of the images.
MIN_PER_CLASS = 20
# Names of the folds in split.csv.
FOLD = re.compile(r"fold_\d+")
COLUMNS = ("file", "label", "group", "split")
# File names look like groups if this share of them has a prefix that others have, and prefixes have digits.
MIN_GROUPED_SHARE = 0.8
MIN_IMAGES_PER_PREFIX = 2
MIN_PREFIXES = 5
# What follows a prefix: a separator and the last word, as in patient12_03.
LAST_WORD = re.compile(r"[ _.\-()]+[A-Za-z]*\d*[ )]*$")


def n_test_images(count: int) -> int:
    """Return how many of a class's images are test images: a fifth, rounded, but at least one if there are two."""
    return max(round(count / TEST_DIVISOR), min(count - 1, 1))


def n_folds_of(counts: Collection[int]) -> int:
    """Return the number of folds if there are too few images for a test set, else 0. counts: images of each class."""
    return min(TEST_DIVISOR, max(counts)) if sum(counts) < MIN_PER_CLASS * len(counts) else 0


def draw_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Return the fold of each image, (N,) int64: stratified, with each group in one fold.

    labels, groups: (N,) int. Raises UserError if there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = np.zeros(len(labels), np.int64)
    if len(np.unique(groups)) >= n_folds:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        for fold, (_, left_out) in enumerate(splitter.split(labels, labels, groups)):
            folds[left_out] = fold
    if len(np.unique(folds)) < n_folds:
        raise UserError(
            f"The images can't be divided into {n_folds} folds, since they are of fewer groups or near-duplicates of "
            "each other; add others, or divide them in a file (split: my_split.csv)."
        )
    return folds


def check_folds(names: list[str], labels: np.ndarray, classes: list[str]) -> None:
    """Raise UserError if a class has images in one fold only. names: the fold of each image. labels: (N,) int."""
    for label, class_ in enumerate(classes):
        if len(np.unique(np.array(names)[labels == label])) < 2:
            raise UserError(
                f"The class {escape_ascii(class_)} has images in one fold only, so that no model can be fitted without "
                "them; add images that are of another group."
            )


def draw_test_images(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return which images are test images, (N,) bool: at random, a fifth of each class. labels: (N,) int."""
    random = np.random.default_rng(seed)
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        is_test[random.permutation(rows)[: n_test_images(len(rows))]] = True
    return is_test


def draw_test_groups(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return which images are test images, (N,) bool: about a fifth of each class, in whole groups.

    labels: (N,) int. groups: (N,) int, numbers of the groups. Where each image is a group, it is `draw_test_images`.
    Otherwise it is one of the five folds of scikit-learn's StratifiedGroupKFold, or of fewer if all classes have fewer
    images: the fold that lacks the fewest classes on a side, and of those the one closest to a fifth of each class.

    Raises UserError if all images are of one group.
    """
    if len(np.unique(groups)) == len(groups):
        return draw_test_images(labels, seed)
    # Not at the top, since plans need the number of test images only.
    from sklearn.model_selection import StratifiedGroupKFold

    # scikit-learn needs one class with as many images as folds.
    n_folds = min(TEST_DIVISOR, len(np.unique(groups)), int(np.bincount(labels).max()))
    if n_folds < 2:
        raise UserError(
            "The images can't be divided into training and test images, since all are of one group or near-duplicates "
            "of each other; add others, or divide them in a file (split: my_split.csv)."
        )
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    counts = np.bincount(labels)
    masks, costs = [], []
    for _, test in folds.split(np.zeros(len(labels)), labels, groups):
        masks.append(np.isin(np.arange(len(labels)), test))
        n_test = np.bincount(labels[test], minlength=len(counts))
        n_missing = np.count_nonzero((counts > 0) & ((n_test == 0) | (n_test == counts)))
        costs.append((n_missing, np.abs(n_test - counts / TEST_DIVISOR).sum()))
    return masks[costs.index(min(costs))]


def merge_groups(groups: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return groups (N,) int, numbers from 0, joined where a pair of images links them.

    first, second: (P,) int, the pairs. Groups are numbered in the order of their first image.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = groups[first], groups[second]
    links = coo_array((np.ones(len(first)), pairs), shape=(len(groups), len(groups)))
    return number_groups(connected_components(links, directed=False)[1][groups].tolist())


def number_groups(names: Sequence[Hashable]) -> np.ndarray:
    """Return the number of each group, (N,) int64, in the order of their first image; "" is a group of its own."""
    numbers: dict[Hashable, int] = {}
    found = []
    for position, name in enumerate(names):
        key = ("image", position) if name == "" else name
        found.append(numbers.setdefault(key, len(numbers)))
    return np.array(found, np.int64)


def groups_of_names(names: list[str], pattern: str) -> list[str]:
    """Return the group of each file: what a regular expression matches in its path; "" where it matches nothing.

    With parentheses in the expression, the group is what the first pair matches. Raises UserError if it is no
    expression, or matches no name.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(
            f"group is {pattern!r}, which is neither a column of a table of the images nor a regular expression "
            f"({error}); correct it."
        ) from None
    matches = [expression.search(name) for name in names]
    if not any(matches):
        raise UserError(
            f"group is {pattern!r}, which is no column of a table of the images and matches no file name, such as "
            f"{escape_ascii(names[0])}; correct it."
        )
    return [(match[1] or "" if expression.groups else match[0]) if match else "" for match in matches]


def find_name_groups(names: list[str], classes: list[str]) -> dict[str, Any] | None:
    """Return `n` and `example` of the prefixes of file names that look like groups; None if they do not.

    They do if most files share a prefix with others, such as patient12 in patient12_03.png, and prefixes have digits.
    """
    prefixes = [_prefix(name) for name in names]
    count = Counter(prefix for prefix in prefixes if prefix and prefix not in classes)
    shared = {prefix: n for prefix, n in count.items() if n >= MIN_IMAGES_PER_PREFIX}
    if len(shared) < MIN_PREFIXES or sum(shared.values()) < MIN_GROUPED_SHARE * len(names):
        return None
    return {"n": len(shared), "example": max(shared, key=lambda prefix: (shared[prefix], prefix))}


def _prefix(name: str) -> str:
    stem = PurePosixPath(name).stem
    prefix = LAST_WORD.sub("", stem)
    return prefix if prefix != stem and any(character.isdigit() for character in prefix) else ""


def read_split(path: Path, records: list[ImageRecord]) -> list[ImageRecord]:
    """Return the records with split, group and label of a person's split.csv, in the order of `records`.

    The split is train or test, or the name of a fold for all images.

    Images that the file does not list are left out. Raises UserError for files that do not exist, a row without split,
    and for a part without images.
    """
    by_name = {record.name: record for record in records}
    listed: dict[str, ImageRecord] = {}
    for line, row in read_user_csv(path, ("file", "split"), "split"):
        name, split = row["file"], row["split"].lower()
        split = split if FOLD.fullmatch(split) else SPLIT_OF_NAME.get(split, "")
        if name not in by_name:
            raise UserError(
                f"split is {path}, whose line {line} has the file {escape_ascii(name)}, which is not among the images; "
                "correct or delete the line."
            )
        if split not in ("train", "test") and not FOLD.fullmatch(split):
            raise UserError(
                f"split is {path}, whose line {line} has the split {escape_ascii(row['split'])!r}; write train or test."
            )
        if name in listed:
            raise UserError(f"split is {path}, which lists {escape_ascii(name)} twice; delete line {line}.")
        record = by_name[name]
        listed[name] = record._replace(
            split=split, label=row.get("label") or record.label, group=row.get("group") or record.group
        )
    present = {record.split for record in listed.values()}
    has_folds = len(present) > 1 and all(map(FOLD.fullmatch, present))
    for split in () if has_folds else ("train", "test"):
        if split not in present:
            raise UserError(f"split is {path}, which has no {split} image; add some.")
    if not has_folds and len(present) > 2:
        raise UserError(f"split is {path}, which has both folds and train and test; write one of them.")
    return [listed[record.name] for record in records if record.name in listed]


def check_groups(records: list[ImageRecord], where: str) -> None:
    """Raise UserError if a group has training and test images, or images in several folds."""
    sides: dict[str, str] = {}
    for record in records:
        first = sides.setdefault(record.group, record.split)
        if record.group and first != record.split:
            both = " and in ".join(sorted([first, record.split], reverse=True))
            raise UserError(
                f"{where} has images of the group {escape_ascii(record.group)} in {both}; put all of them on one side."
            )
