from pathlib import Path

import pytest

import history


def line(
    commit: str, seconds: float, reference: float | None = 10.0, spread: float | None = 0.01, **more
) -> dict:
    row = {
        "case": "kNN",
        "measured_on": "all of it",
        "seconds": seconds,
        "reference_seconds": reference,
        "spread": spread,
    }
    (row,) = history.entries([row], "2026-11-24", commit, "2 cores", "cifar")
    return row | more


def verdict(*rows: dict) -> str | None:
    found = history.compare(list(rows))
    return found[0]["verdict"] if found else None


def test_appended_rows_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    rows = [line("a", 2.0), line("b", 3.0, reference=None, spread=None)]
    history.append(path, rows[:1])
    history.append(path, rows[1:])
    assert history.read(path) == rows


@pytest.mark.parametrize(
    ("seconds", "spread", "expected"),
    [
        (5.0, 0.01, "within noise"),
        (5.4, 0.01, "within noise"),
        (5.6, 0.01, "slower"),
        (4.4, 0.01, "faster"),
        (5.6, 0.1, "within noise"),
    ],
)
def test_changes_beyond_the_spread_of_repeats_are_reported(
    seconds: float, spread: float, expected: str
) -> None:
    assert verdict(line("a", 5.0, spread=spread), line("b", seconds, spread=spread)) == expected


def test_a_slower_machine_is_not_a_regression() -> None:
    assert verdict(line("a", 5.0, reference=10.0), line("b", 10.0, reference=20.0)) == "within noise"


def test_the_ratio_is_to_the_lower_bound_if_there_is_one() -> None:
    (row,) = history.entries(
        [{"case": "x", "seconds": 3.0, "lower_bound_seconds": 2.0, "reference_seconds": 9.0}], *"abcd"
    )
    assert row["ratio"] == 1.5


def test_cases_without_a_reference_are_compared_by_seconds() -> None:
    assert verdict(line("a", 5.0, reference=None), line("b", 6.0, reference=None)) == "slower"


def test_commits_are_compared_with_the_previous_one_on_the_same_machine_and_images() -> None:
    assert verdict(line("a", 5.0, machine="64 cores"), line("b", 9.0)) is None
    assert verdict(line("a", 5.0, images="others"), line("b", 9.0)) is None
    assert verdict(line("a", 5.0)) is None
    assert verdict(line("a", 5.0), line("b", 9.0), line("c", 9.1)) == "within noise"


def test_noise_is_estimated_from_the_runs_of_one_commit() -> None:
    noisy = [line("a", seconds, spread=None) for seconds in (4.0, 5.0, 6.0)]
    assert verdict(*noisy, line("b", 6.0, spread=None)) == "within noise"
    assert verdict(*noisy, line("b", 9.0, spread=None)) == "slower"


def test_a_history_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("date,commit,part\n")
    for use in (history.read, lambda path: history.append(path, [line("a", 5.0)])):
        with pytest.raises(SystemExit, match="has the columns of an earlier version; rename it"):
            use(path)
    assert path.read_text() == "date,commit,part\n"
