"""Tables as CSV files: a header, a row an entry, floats with all their digits, empty cells for nothing."""

from pathlib import Path
from typing import Any

import pandas as pd

from cifarbench.study.files import write_text

Row = dict[str, Any]


def write_table(path: Path, columns: dict[str, list]) -> None:
    """Write named columns of equal length, whole or not at all."""
    # As objects: whole numbers stay whole beside empty cells.
    table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read_rows(path: Path) -> list[Row]:
    """The rows of a table; numbers as int or float, empty cells as None, the rest as text."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype_backend="numpy_nullable")
    return table.astype(object).where(table.notna(), None).to_dict("records")
