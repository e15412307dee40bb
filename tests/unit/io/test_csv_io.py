"""Tables: what is written is read back."""

import random

from cifarbench.io.csv_io import read_csv, write_csv


def test_floats_keep_all_digits_and_whole_numbers_stay_whole(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(path, {"x": [0.1 + 0.2, None], "y": ["a,b", "c"], "n": [None, 5], "ok": [True, False]})
    assert path.read_bytes() == b'x,y,n,ok\n0.30000000000000004,"a,b",,True\n,c,5,False\n'
    assert read_csv(path) == [
        {"x": 0.1 + 0.2, "y": "a,b", "n": None, "ok": True},
        {"x": None, "y": "c", "n": 5, "ok": False},
    ]


def test_any_float_survives(tmp_path):
    chance = random.Random(0)
    values = [chance.random() * 10 ** chance.randint(-12, 5) for _ in range(2000)]
    write_csv(tmp_path / "a.csv", {"x": values})
    assert [row["x"] for row in read_csv(tmp_path / "a.csv")] == values


def test_text_that_looks_like_nothing_is_text(tmp_path):
    write_csv(tmp_path / "a.csv", {"x": ["NA", "null", "nan"]})
    assert [row["x"] for row in read_csv(tmp_path / "a.csv")] == ["NA", "null", "nan"]
