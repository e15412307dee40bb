"""Round trips of tables through CSV files."""

import random

import pytest

from cifarbench.io.csv_io import COLUMN_TYPES, read_csv, write_csv
from cifarbench.suite.ranks import RANK_COLUMNS, TEST_COLUMNS
from cifarbench.suite.results_table import COLUMNS
from cifarbench.suite.variance import VARIANCE_COLUMNS, WIN_COLUMNS

TEXT_COLUMNS = {"dataset", "model", "model_a", "model_b", "family", "family_label", "varied_factor"}
TEXT_COLUMNS |= {"test_set", "test_set_hash", "code_hash", "error", "factor", "verdict"}


def test_floats_keep_all_digits_and_whole_numbers_stay_whole(tmp_path):
    path = tmp_path / "a.csv"
    columns = {
        "score": [0.1 + 0.2, None],
        "y": ["a,b", "c"],
        "n_runs": [None, 5],
        "pretrained": [True, False],
    }
    write_csv(path, columns)
    assert path.read_bytes() == b'score,y,n_runs,pretrained\n0.30000000000000004,"a,b",,True\n,c,5,False\n'
    assert read_csv(path) == [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ]


def test_random_floats_are_read_exactly(tmp_path):
    rng = random.Random(0)
    values = [rng.random() * 10 ** rng.randint(-12, 5) for _ in range(2000)]
    write_csv(tmp_path / "a.csv", {"score": values})
    assert [row["score"] for row in read_csv(tmp_path / "a.csv")] == values


NAMES = ["00017", "00042", "1e3", "1_0", "10", "nan", "inf", "infinity", "True", "NA", "null"]


COLUMNS_OF_NAMES = {
    "label_issues.csv": ["given_label", "predicted_label"],
    "duplicates.csv": ["file_a"],
    "comparison.csv": ["model", "features"],
    "paired_tests.csv": ["model_b"],
    "runs.csv": ["model", "test_set"],
    "ranks.csv": ["dataset"],
    "win_probabilities.csv": ["model_a"],
}


@pytest.mark.parametrize("file", COLUMNS_OF_NAMES)
def test_names_that_look_like_numbers_stay_text(tmp_path, file):
    columns = dict.fromkeys(COLUMNS_OF_NAMES[file], NAMES)
    write_csv(tmp_path / file, columns)
    assert read_csv(tmp_path / file) == [dict.fromkeys(columns, name) for name in NAMES]


def test_hyperparameters_keep_their_values(tmp_path):
    values = [5, 0.1, 1e-05, 1e20, -3, True, None, "rbf", "1_0", "nan", "inf"]
    write_csv(tmp_path / "cv_results.csv", {"param_knn__x": values, "rank_test_score": range(len(values))})
    rows = read_csv(tmp_path / "cv_results.csv")
    assert [row["param_knn__x"] for row in rows] == values
    assert [type(row["param_knn__x"]) for row in rows] == [type(value) for value in values]


@pytest.mark.parametrize("columns", [COLUMNS, RANK_COLUMNS, TEST_COLUMNS, VARIANCE_COLUMNS, WIN_COLUMNS])
def test_every_column_of_numbers_has_a_type(columns):
    assert set(columns) - COLUMN_TYPES.keys() <= TEXT_COLUMNS
