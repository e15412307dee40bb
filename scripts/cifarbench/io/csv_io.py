"""Read and write tables as CSV files, with floats in full precision and empty cells for None."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.atomic import write_text

Row = dict[str, Any]
Types = Mapping[str, Callable[[str], Any]]

# Largest table that a user may name.
MAX_USER_BYTES = 100_000_000
# Delimiters that spreadsheets write; the first is the default.
DELIMITERS = (",", ";", "\t")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse_bool(cell: str) -> bool:
    """Return the boolean that Python writes as `True` or `False`."""
    return {"True": True, "False": False}[cell]


def parse_param(cell: str) -> int | float | bool | str:
    """Return the value of a hyperparameter as a number, a boolean or text."""
    if cell in ("True", "False"):
        return parse_bool(cell)
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", cell) else cell


# Costs of a model in fit.json and in tables.
COST_COLUMNS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters")
# Metrics of metrics.json with an interval each, which become three columns.
METRIC_COLUMNS = (
    *("balanced_accuracy", "mcc", "cohen_kappa", "log_loss", "brier", "roc_auc_macro", "roc_auc_weighted"),
    *("average_precision", "top5_accuracy", "ece"),
)
FLOAT_COLUMNS = """
fit_seconds predict_seconds tuning_seconds predict_ms_per_image peak_memory_mb stored_mb
accuracy accuracy_low accuracy_high macro_f1 macro_f1_low macro_f1_high top2_accuracy ece
accuracy_seed_mean accuracy_seed_std accuracy_mean accuracy_std std_ci_low std_ci_high
accuracy_difference ci_low ci_high p_value p_value_adjusted p_a_better p_equivalent p_b_better p_a_beats_b
train_loss test_loss train_accuracy test_accuracy validation_loss validation_accuracy validation_score
score score_low score_high issue_score rank mean_rank p_best equivalence_p_value equivalence_p_value_adjusted
seeds_difference seeds_ci_low seeds_ci_high
"""
INT_COLUMNS = """
n_parameters n_seeds n_test n_runs n_datasets n_pairs only_a_right only_b_right epoch index index_a index_b
seed init_seed train_size rank_low rank_high tied_group
"""
BOOL_COLUMNS = "pretrained tied_with_best is_iterative full_train"
# Columns of all tables. Others are text, such as names of models, classes and files.
COLUMN_TYPES: Types = {
    **dict.fromkeys(FLOAT_COLUMNS.split(), float),
    **{name + end: float for name in METRIC_COLUMNS for end in ("", "_low", "_high")},
    **dict.fromkeys(INT_COLUMNS.split(), int),
    **dict.fromkeys(BOOL_COLUMNS.split(), parse_bool),
    # A number in runs.csv, `train` or `test` in tables of the audit.
    "split": parse_param,
}


def write_csv(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write named columns of equal length."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_text(path, text.getvalue())


def write_rows(path: Path, rows: list[Row], columns: Sequence[str]) -> None:
    """Write some columns of rows, completely or not at all."""
    write_csv(path, {name: [row[name] for row in rows] for name in columns})


def read_csv(path: Path) -> list[Row]:
    """Return the rows of a table; empty cells are None.

    Cells are parsed by COLUMN_TYPES; cv_results.csv has a column for each hyperparameter and fold.
    """
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    types = _cv_results_types(header) if path.name == "cv_results.csv" else COLUMN_TYPES
    parsers = [types.get(name, str) for name in header]
    return [
        {name: parse(cell) if cell else None for name, parse, cell in zip(header, parsers, row, strict=True)}
        for row in rows
    ]


def drop_failed(rows: list[Row]) -> list[Row]:
    """Return the rows of models or runs that did not fail: those without an `error`."""
    return [row for row in rows if row["error"] is None]


def read_user_csv(
    path: Path, columns: Sequence[str], key: str, content: bytes | None = None
) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a user's table, each with its line number, as text without outer spaces.

    Cells are separated by commas, semicolons or tabs; a byte order mark and empty rows are skipped. columns: those that
    the first line must name. key: the key of the configuration, for messages. content: of the file, if it was read.

    Raises UserError if the file can't be read, is not a CSV, or lacks a column.
    """
    (_, header), *rows = read_user_cells(path, key, columns, content) or [(1, [])]
    missing = [name for name in columns if name not in header]
    if missing:
        names = f"column{'s' if len(missing) > 1 else ''} {' and '.join(missing)}"
        raise UserError(
            f"{path} has no {names} in its first line; begin the file with the line {','.join(columns)}."
        )
    return [(number, dict(zip_longest(header, cells, fillvalue=""))) for number, cells in rows]


def read_user_cells(
    path: Path, key: str, columns: Sequence[str] = (), content: bytes | None = None
) -> list[tuple[int, list[str]]]:
    """Return the rows of a user's table that are not empty, the first line included; see `read_user_csv`."""
    content = _read_user_bytes(path, key) if content is None else content
    try:
        text = content.decode("utf-16" if content[:2] in UTF16_MARKS else "utf-8-sig")
    except UnicodeDecodeError:
        names = f"write the columns {' and '.join(columns)}" if columns else "write it in UTF-8"
        raise UserError(f"{key} is {path}, which is not a CSV in UTF-8; {names}.") from None
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise UserError(
            f"{key} is {path}, which is not a CSV ({error} in line {reader.line_num}); correct that line."
        ) from None
    return [(number, cells) for number, cells in lines if any(cells)]


def _read_user_bytes(path: Path, key: str) -> bytes:
    try:
        if path.stat().st_size > MAX_USER_BYTES:
            raise UserError(
                f"{key} is {path}, which is larger than {MAX_USER_BYTES // 10**6} MB; name a smaller file."
            )
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{key} is {path}, which can't be read ({error.strerror}); name a readable file."
        ) from None


def _cv_results_types(header: list[str]) -> Types:
    params = {name: parse_param for name in header if name.startswith("param_")}
    numbers = {name: float for name in header if name.endswith(("_score", "_time"))}
    return params | numbers | {"rank_test_score": int}
