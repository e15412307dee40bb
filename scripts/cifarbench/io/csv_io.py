"""Tables as CSV files: a header, a row an entry, floats with all their digits, empty cells for nothing."""

import csv
import io
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.atomic import write_text

Row = dict[str, Any]

# Largest file that a person may hand in.
MAX_USER_BYTES = 100_000_000
# What spreadsheets put between two cells; the first one is taken where a line has none.
DELIMITERS = (",", ";", "\t")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# How the cells of a column are read: by the first of these that takes all of them.
CONVERTERS = (int, float, {"True": True, "False": False}.__getitem__, str)


def write_csv(path: Path, columns: dict[str, list]) -> None:
    """Write named columns of equal length, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_text(path, text.getvalue())


def read_csv(path: Path) -> list[Row]:
    """The rows of a table; numbers as int or float, empty cells as None, the rest as text."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    columns = [_values(cells) for cells in zip(*rows, strict=True)]
    return [dict(zip(header, row, strict=True)) for row in zip(*columns, strict=True)]


def read_user_csv(path: Path, columns: Sequence[str], key: str) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a table that a person hands in, each with its line number, as text without outer spaces.

    Cells are separated by commas, semicolons or tabs, as spreadsheets write them; a byte order mark is skipped, and so
    are empty rows. columns: those that the first line must name. key: of the configuration, for messages.

    Raises UserError if the file can't be read, is not a table, or lacks a column.
    """
    try:
        if path.stat().st_size > MAX_USER_BYTES:
            raise UserError(
                f"{key} is {path}, which has more than {MAX_USER_BYTES // 10**6} MB; name a smaller file."
            )
        content = path.read_bytes()
        text = content.decode("utf-16" if content[:2] in UTF16_MARKS else "utf-8-sig")
    except OSError as error:
        raise UserError(
            f"{key} is {path}, which can't be read ({error.strerror}); name a file that can."
        ) from None
    except UnicodeDecodeError:
        raise UserError(
            f"{key} is {path}, which is no CSV; write the columns {' and '.join(columns)}."
        ) from None
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise UserError(
            f"{key} is {path}, which is no CSV ({error} in line {reader.line_num}); mend it."
        ) from None
    (_, header), *rows = [(number, cells) for number, cells in lines if any(cells)] or [(1, [])]
    missing = [name for name in columns if name not in header]
    if missing:
        names = f"column{'s' if len(missing) > 1 else ''} {' and '.join(missing)}"
        raise UserError(
            f"{path} has no {names} in its first line; begin the file with the line {','.join(columns)}."
        )
    return [(number, dict(zip_longest(header, cells, fillvalue=""))) for number, cells in rows]


def _values(cells: tuple[str, ...]) -> list[Any]:
    for read in CONVERTERS:
        try:
            return [read(cell) if cell else None for cell in cells]
        except (ValueError, KeyError):
            continue
    raise AssertionError("any cell can be read as text")
