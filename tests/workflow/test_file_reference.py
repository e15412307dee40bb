"""The file reference (docs/files.md) against the files of a real run."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cifarbench.cli.file_reference import PARTS, load_files
from cifarbench.io.csv_io import read_csv
from cifarbench.suite import ranks, results_table, variance

DOCUMENTED = [file for group in load_files() for file in group["files"]]
PYTHON_TYPES = {
    "text": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "object": dict,
    "null": type(None),
}


def pattern(path: str) -> re.Pattern:
    """Return the pattern of a path or key of the file reference, in which <name> is any text."""
    parts = re.split(r"<[^>]+>", path)
    return re.compile(".+".join(map(re.escape, parts)))


def leaves(value: Any, known: list[re.Pattern], prefix: str = "") -> dict[str, Any]:
    """Return the values of a JSON object by dotted key, down to the keys that the file reference has."""
    if prefix and any(key.fullmatch(prefix) for key in known):
        return {prefix: value}
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        name: leaf
        for key, inner in value.items()
        for name, leaf in leaves(inner, known, f"{prefix}.{key}" if prefix else key).items()
    }


def values_of(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a CSV file, or the values of a JSON file or an archive of arrays."""
    if path.suffix == ".csv":
        return read_csv(path)
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return [{name: arrays[name].dtype.name for name in arrays.files}]
    return [leaves(json.loads(path.read_text()), [pattern(name.removesuffix("?")) for name in names])]


def has_type(value: Any, words: str) -> bool:
    names = re.split(r", | or ", words)
    return any(
        value == name if name not in PYTHON_TYPES else isinstance(value, PYTHON_TYPES[name]) for name in names
    )


def test_every_file_of_a_run_is_documented(finished):
    known = [pattern(file["path"]) for file in DOCUMENTED]
    names = [
        path.relative_to(finished.results).as_posix()
        for path in finished.results.rglob("*")
        if path.is_file()
    ]
    assert [name for name in names if not any(path.fullmatch(name) for path in known)] == []


@pytest.mark.parametrize(
    "file", [file for file in DOCUMENTED if PARTS.keys() & file.keys()], ids=lambda file: file["path"]
)
def test_columns_and_keys_of_a_run_are_documented(finished, file):
    paths = [
        path
        for path in finished.results.rglob("*")
        if pattern(file["path"]).fullmatch(path.relative_to(finished.results).as_posix())
    ]
    if not paths:
        # Files of a user's own images are tested in test_own_images.py.
        others = r"^suite/|robustness|temperature|leaderboard|^weights|^data/(images|skipped|split)\.csv"
        assert re.search(others, file["path"]), "no run has this file"
        pytest.skip("the run has no such file")
    (part,) = PARTS.keys() & file.keys()
    documented = file[part]
    for path in paths:
        for values in values_of(path, [*documented])[:3]:
            missing = {name for name in documented if not name.endswith("?")}
            for name, value in values.items():
                matching = [key for key in documented if pattern(key.removesuffix("?")).fullmatch(name)]
                assert matching, f"{path}: {name} is not documented"
                assert has_type(value, documented[matching[0]][0]), f"{path}: {name} is {value!r}"
                missing -= {*matching}
            assert not missing, path


@pytest.mark.parametrize(
    ("path", "columns"),
    {
        "suite/runs.csv": results_table.COLUMNS,
        "suite/ranks.csv": ranks.RANK_COLUMNS,
        "suite/dataset_tests.csv": ranks.TEST_COLUMNS,
        "suite/variances.csv": variance.VARIANCE_COLUMNS,
        "suite/win_probabilities.csv": variance.WIN_COLUMNS,
    }.items(),
)
def test_columns_of_a_suite_are_documented(path, columns):
    (file,) = [file for file in DOCUMENTED if file["path"] == path]
    assert sorted(file["columns"]) == sorted(columns)
