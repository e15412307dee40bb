"""The candidates of a grid search, whatever its grid: what they are called, and which came first."""

from typing import Any

from cifarbench.io.csv_io import Row

PREFIX = "param_"
# More than so many can't be taken in: the best of them are shown.
MAX_SHOWN = 20


def param_names(results: list[Row]) -> dict[str, str]:
    """The grid's columns of cv_results.csv, and a name for each: the parameter's own where it is one of a kind."""
    columns = [name for name in results[0] if name.startswith(PREFIX)] if results else []
    full = {column: column.removeprefix(PREFIX) for column in columns}
    short = {column: name.rpartition("__")[2] for column, name in full.items()}
    own = list(short.values())
    return {column: name if own.count(name) == 1 else full[column] for column, name in short.items()}


def sort_by_rank(results: list[Row]) -> list[Row]:
    """The candidates, the best first; of equals the one that stands first, which is what the search takes."""
    return sorted(results, key=lambda row: row["rank_test_score"])


def format_value(value: Any) -> str:
    """The value of a hyperparameter as it would stand in the configuration."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
