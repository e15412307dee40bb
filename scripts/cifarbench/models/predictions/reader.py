"""Read predictions of the test images from a CSV or .npz file, and say what does not fit in one sentence."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.audit.image_index import image_paths, kept_indices
from cifarbench.data.printable import escape_ascii, refuse_damaged
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_cells

INDEX_COLUMNS, FILE_COLUMNS, LABEL_COLUMNS = ("index", ""), ("file",), ("label", "prediction")
# Largest deviation of a sum of probabilities from 1: those of text files are rounded.
TOLERANCE = 0.01
N_CULPRITS = 3

# y_pred (N,) int64, proba (N, n_classes) float32, and whether the file has probabilities.
FilePredictions = tuple[np.ndarray, np.ndarray, bool]


@dataclass(frozen=True)
class TestSet:
    """What predictions are read for.

    classes: their names. y_true: (N,) int. files: the images' names, of the user's own images.
    """

    # For pytest.
    __test__ = False

    classes: list[str]
    y_true: np.ndarray
    files: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, dataset: dict[str, Any], y_true: np.ndarray) -> "TestSet":
        """Return the test set of the content of dataset.json and its labels."""
        paths = image_paths(dataset)
        files = [paths["test"][index] for index in kept_indices(dataset, "test")] if paths else []
        return cls(dataset["classes"], y_true, files)

    def class_numbers(self, labels: list[str]) -> list[int | None]:
        """Return the classes that labels mean: names, or numbers from 0 unless names are numbers; None for others."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        if any(map(_is_number, self.classes)):
            return [numbers.get(label) for label in labels]
        return [numbers[label] if label in numbers else _whole(label, len(self.classes)) for label in labels]

    def image_numbers(self, names: list[str], are_files: bool) -> list[int | None]:
        """Return the images that a column means: indices, or files, of which `00012.png` is the image 12."""
        if not are_files:
            return [_whole(name, len(self.y_true)) for name in names]
        if self.files:
            numbers = {name: number for number, name in enumerate(self.files)}
            return [numbers.get(name) for name in names]
        return [_whole(Path(name).stem, len(self.y_true)) for name in names]


def read_predictions(path: Path, test_set: TestSet, key: str = "the file") -> FilePredictions:
    """Return the predictions in a CSV or .npz file. Raises UserError with all that does not fit, with counts.

    key: what names the file, for messages.
    """
    if path.suffix == ".npz":
        return _read_npz(path, test_set)
    return _read_csv(path, test_set, key)


def as_predictions(path: Path, test_set: TestSet, labels: Any, proba: np.ndarray | None) -> FilePredictions:
    """Return checked labels (N,) or probabilities (N, n_classes), or both, of all test images in order."""
    n, n_classes = len(test_set.y_true), len(test_set.classes)
    for name, values, wanted in (("labels", labels, (n,)), ("probabilities", proba, (n, n_classes))):
        if values is not None and np.shape(values) != wanted:
            raise UserError(
                f"{path} has {name} of the shape {np.shape(values)}; give {wanted}, for {n} test images."
            )
    checked = None if proba is None else _checked_proba(path, proba)
    if labels is None:
        assert checked is not None
        return checked.argmax(axis=1), checked, True
    is_integer = isinstance(labels, np.ndarray) and labels.dtype.kind in "iu"
    texts = [str(label) for label in np.asarray(labels).tolist()]
    numbers = [_whole(text, n_classes) for text in texts] if is_integer else test_set.class_numbers(texts)
    unknown = [text for text, number in zip(texts, numbers, strict=True) if number is None]
    if unknown:
        raise UserError(
            f"{path} has {_many(unknown, 'prediction')} of unknown classes ({_culprits([*dict.fromkeys(unknown)])}); "
            f"the classes are {_culprits(test_set.classes, 10)}."
        )
    y_pred = np.array(numbers, np.int64)
    if checked is None:
        return y_pred, np.eye(n_classes, dtype=np.float32)[y_pred], False
    return y_pred, checked, True


def _read_npz(path: Path, test_set: TestSet) -> FilePredictions:
    with refuse_damaged(path, "save it by numpy.savez", " as .npz"), np.load(path) as stored:
        arrays = {name: stored[name] for name in ("y_pred", "proba", "y_true") if name in stored.files}
    if not {"y_pred", "proba"} & arrays.keys():
        raise UserError(f"{path} has neither y_pred nor proba; save one of them by numpy.savez.")
    if "y_true" in arrays:
        y_true = arrays["y_true"]
        same_shape = y_true.shape == test_set.y_true.shape
        wrong = np.flatnonzero(y_true != test_set.y_true) if same_shape else np.arange(len(y_true))
        if len(wrong):
            raise UserError(
                f"{path} has other labels (y_true) than this test set for {_count(wrong)}; predict this test set."
            )
    return as_predictions(path, test_set, arrays.get("y_pred"), arrays.get("proba"))


def _read_csv(path: Path, test_set: TestSet, key: str) -> FilePredictions:
    rows = [cells for _, cells in read_user_cells(path, key)]
    if not rows:
        raise UserError(f"{path} is empty; write a row for each of {len(test_set.y_true)} test images.")
    header, rows = _split_header(rows, test_set)
    ragged = [str(number) for number, cells in enumerate(rows, 1) if len(cells) < len(header)]
    if ragged:
        raise UserError(
            f"{path} has {_many(ragged, 'row')} of fewer than {len(header)} cells ({_culprits(ragged)}); fill them."
        )
    columns = {name: number for number, name in reversed([*enumerate(header)])}
    labels = next((columns[name] for name in LABEL_COLUMNS if name in columns), None)
    by_class = _class_columns(columns, test_set.classes)
    if labels is None and by_class is None:
        raise UserError(
            f"{path} has neither a column label nor one for each class in its first line "
            f"({_culprits(header) or 'which is empty'}); begin the file with the line index,label."
        )
    order = _order(path, rows, columns, test_set)
    rows = [rows[number] for number in order]
    proba = None if by_class is None else _numbers(path, rows, by_class)
    return as_predictions(path, test_set, None if labels is None else [row[labels] for row in rows], proba)


def _split_header(rows: list[list[str]], test_set: TestSet) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the other rows; a file of numbers alone has one column per class, or one."""
    first, n_classes = rows[0], len(test_set.classes)
    names = [name.lower() for name in first]
    known = {*INDEX_COLUMNS, *FILE_COLUMNS, *LABEL_COLUMNS}
    if len(rows) == len(test_set.y_true) and not known & {*names}:
        if len(first) == n_classes and all(map(_is_number, first)):
            return list(test_set.classes), rows
        if len(first) == 1:
            return ["label"], rows
    return [lower if lower in known else name for name, lower in zip(first, names, strict=True)], rows[1:]


def _class_columns(columns: dict[str, int], classes: list[str]) -> list[int] | None:
    """Return the column of each class, by its name or number; None if one is missing."""
    for names in (classes, [str(number) for number in range(len(classes))]):
        if {*names} <= columns.keys():
            return [columns[name] for name in names]
    return None


def _order(path: Path, rows: list[list[str]], columns: dict[str, int], test_set: TestSet) -> Iterable[int]:
    """Return the row of each test image. Raises UserError on unknown, double and missing images."""
    n = len(test_set.y_true)
    column = next((name for name in (*FILE_COLUMNS, *INDEX_COLUMNS) if name in columns), None)
    if column is None:
        if len(rows) != n:
            raise UserError(
                f"{path} has {_many(rows, 'row')} and no column index or file; write a row for each of {n} test images."
            )
        return range(n)
    names = [row[columns[column]] for row in rows]
    numbers = test_set.image_numbers(names, are_files=column in FILE_COLUMNS)
    row_of = {number: row for row, number in enumerate(numbers) if number is not None}
    unknown = [name for name, number in zip(names, numbers, strict=True) if number is None]
    double = [number for number, count in Counter(numbers).items() if number is not None and count > 1]
    missing = [number for number in range(n) if number not in row_of]
    problems = {"unknown": unknown, "more than once": double, "missing": missing}
    if any(problems.values()):
        counts = ", ".join(f"{_count(images)} {problem}" for problem, images in problems.items() if images)
        raise UserError(
            f"{path} has {counts}; write one row for each of {n} test images, index 0 to {n - 1}."
        )
    return [row_of[number] for number in range(n)]


def _numbers(path: Path, rows: list[list[str]], columns: list[int]) -> np.ndarray:
    cells = [[row[column] for column in columns] for row in rows]
    try:
        return np.array(cells).astype(np.float64)
    except ValueError:
        wrong = [cell for row in cells for cell in row if not _is_number(cell)]
        raise UserError(
            f"{path} has {_many(wrong, 'cell')} of text in place of probabilities ({_culprits(wrong)}); correct them."
        ) from None


def _checked_proba(path: Path, proba: np.ndarray) -> np.ndarray:
    if proba.dtype.kind not in "fiu":
        raise UserError(f"{path} has probabilities of the type {proba.dtype}; save floats.")
    proba = proba.astype(np.float64)
    valid = np.isfinite(proba).all(axis=1) & (proba.min(axis=1) >= -1e-6)
    sums = proba.sum(axis=1, where=np.isfinite(proba))
    wrong = np.flatnonzero(~(valid & (np.abs(sums - 1) <= TOLERANCE)))
    if len(wrong):
        shown = ", ".join(f"{index}: {sums[index]:.3g}" for index in wrong[:N_CULPRITS])
        raise UserError(
            f"{path} has {_many(wrong, 'image')} whose probabilities are negative, no numbers, or "
            f"do not sum to 1 (index and sum {shown}{', ...' * (len(wrong) > N_CULPRITS)}); apply softmax to scores."
        )
    proba = np.maximum(proba, 0)
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)


def _count(images: Any) -> str:
    return f"{_many(images, 'image')} ({_culprits(images)})"


def _many(items: Any, noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}"


def _culprits(values: Any, n: int = N_CULPRITS) -> str:
    shown = ", ".join(escape_ascii(value, 40) for value in values[:n])
    return shown + ", ..." * (len(values) > n)


def _whole(text: str, limit: int) -> int | None:
    """Return the whole number from 0 below a limit that a text is, such as 3 or 3.0; None for others."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number < limit else None


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False
