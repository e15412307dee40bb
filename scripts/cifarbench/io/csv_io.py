"""Tables as CSV files: a header, a row an entry, floats with all their digits, empty cells for nothing."""

import csv
import io
from pathlib import Path
from typing import Any

from cifarbench.io.atomic import write_text

Row = dict[str, Any]

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


def _values(cells: tuple[str, ...]) -> list[Any]:
    for read in CONVERTERS:
        try:
            return [read(cell) if cell else None for cell in cells]
        except (ValueError, KeyError):
            continue
    raise AssertionError("any cell can be read as text")
