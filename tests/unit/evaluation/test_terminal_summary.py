from pathlib import Path

from cifarbench.evaluation import terminal_summary

HEADER = "model,accuracy,accuracy_low,accuracy_high,fit_seconds,tuning_seconds,error\n"


def summary_lines(folder: Path, *rows: str) -> list[str]:
    (folder / "comparison.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return [
        " ".join(line.split())
        for line in terminal_summary.format_terminal_summary(folder, "results/here").splitlines()
    ]


def test_models_are_sorted_by_accuracy_with_times(tmp_path):
    lines = summary_lines(
        tmp_path, "plain,0.5,0.4,0.6,1.25,,", "tuned,0.75,0.7,0.8,121,120,", "theirs,0.3,0.2,0.4,,,"
    )
    assert lines[3:6] == [
        "tuned 75.00% 70.0% to 80.0% 121 s",
        "plain 50.00% 40.0% to 60.0% 1.25 s",
        "theirs 30.00% 20.0% to 40.0%",
    ]
    assert lines[-1] == "The report is in results/here/report.html"


def test_six_models_and_failed_models_are_shown(tmp_path):
    lines = summary_lines(
        tmp_path,
        *(f"model_{number},0.{number},0.1,0.9,1,," for number in range(1, 9)),
        "broken,,,,,,it ran out of luck",
    )
    assert [line.split()[0] for line in lines[3:9]] == [f"model_{number}" for number in range(8, 2, -1)]
    assert lines[9:11] == ["... and 2 more in the report", "broken failed: it ran out of luck"]


def test_failed_candidates_are_named(tmp_path):
    folder = tmp_path / "models/tuned"
    folder.mkdir(parents=True)
    (folder / "cv_results.csv").write_text(
        "param_C,mean_test_score,error\n1,0.5,\n1000.0,nan,ValueError: too much\n"
    )
    lines = summary_lines(tmp_path, "tuned,0.75,0.7,0.8,121,120,")
    assert lines[-2] == "tuned: 1 of 2 candidates failed, the first (C 1000) with ValueError: too much"
