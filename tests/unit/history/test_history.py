"""The history of finished runs: saving, listing and comparing them."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cifarbench.errors import UserError
from cifarbench.history import records
from cifarbench.history.diff import ConfigChange, diff
from cifarbench.io.atomic import write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.io.object_store import LocalStore

SCRIPTS = Path(records.__file__).parents[2]
FIRST = datetime(2025, 11, 23, 10, 22, 31, tzinfo=UTC)
CONFIG = {
    "dataset": "digits",
    "seed": 0,
    "archive": None,
    "compare": ["knn", "mlp"],
    "models": {
        "knn": {"family": "knn", "n_neighbors": 5},
        "mlp": {"family": "mlp", "epochs": 10},
        "left_alone": {"family": "mlp", "epochs": 1},
    },
    "datasets": {"digits": {"type": "digits"}, "left_alone": {"type": "cifar10"}},
}


def write_run(results: Path, accuracies: dict[str, float], numpy: str = "2.4.6") -> None:
    """Write the files of a finished run that the history saves or reads."""
    write_json(results / "data/dataset.json", {"archive": {"path": "a.tar.gz", "sha256": "ab" * 32}})
    rows = {"model": [], "accuracy": [], "fit_seconds": [], "n_parameters": []}
    for run, accuracy in accuracies.items():
        metrics = {
            "accuracy": accuracy,
            "confusion_matrix": [[1]],
            "per_class": {"one": {"f1": accuracy / 2}},
        }
        write_json(results / "models" / run / "metrics.json", metrics)
        write_json(results / "models" / run / "fit.json", {"versions": {"python": "3.12.0", "numpy": numpy}})
        if "/" not in run:
            for name, value in zip(rows, [run, accuracy, 1.5, None], strict=True):
                rows[name].append(value)
    write_csv(results / "comparison.csv", rows)


def save(results: Path, accuracies: dict[str, float], minutes: int = 0, **config) -> records.RunRecord:
    write_run(results, accuracies)
    when = FIRST + timedelta(minutes=minutes)
    folder = records.save_run(results, CONFIG | config, list(accuracies), {"fit": "c0de"}, when)
    return next(run for run in records.load_runs(results) if run.folder == folder)


def run_command(name: str, *arguments: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cifarbench", name, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_diff_lists_changed_keys_with_both_values():
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": "x", "same": {"d": None}, "none": None}
    new = {"a": {"b": 1.5, "c": [1, 2, 3]}, "same": {"d": None}, "added": False, "none": {}}
    found = diff(old, new)
    assert found == [
        ConfigChange("a.b", "1", "1.5"),
        ConfigChange("a.c", "[1, 2]", "[1, 2, 3]"),
        ConfigChange("added", "-", "false"),
        ConfigChange("none", "null", "{}"),
        ConfigChange("gone", "x", "-"),
    ]
    assert str(found[0]) == "a.b: 1 -> 1.5"
    assert diff(old, old) == []
    # A boolean is not equal to a number.
    assert diff({"standardize": 1}, {"standardize": True}) == [ConfigChange("standardize", "1", "true")]


def test_a_run_is_saved_with_configuration_metrics_and_metadata(tmp_path):
    run = save(tmp_path, {"knn": 0.5, "mlp": 0.6, "mlp/seed_1": 0.7})
    assert run.folder.name == f"2025-11-23T102231Z-{run.id}"
    assert len(run.id) == 8
    assert run.when == "2025-11-23 10:22:31"
    assert run.accuracies == {"knn": 0.5, "mlp": 0.6}
    assert run.metrics["mlp/seed_1"]["accuracy"] == 0.7
    assert run.metadata["archive"]["sha256"] == "ab" * 32
    assert run.metadata["versions"] == {"python": "3.12.0", "numpy": "2.4.6"}
    assert run.metadata["code"] == {"fit": "c0de"}
    assert list(run.configuration["models"]) == ["knn", "mlp"]
    assert list(run.configuration["datasets"]) == ["digits"]
    assert "archive" not in run.configuration
    assert yaml.safe_load((run.folder / "config.yaml").read_text()) == run.configuration
    assert (run.folder / "comparison.csv").read_bytes() == (tmp_path / "comparison.csv").read_bytes()


def test_all_versions_of_a_package_are_recorded(tmp_path):
    write_run(tmp_path, {"knn": 0.5, "mlp": 0.6})
    write_json(tmp_path / "models/mlp/fit.json", {"versions": {"numpy": "2.4.7", "torch": "2.14.1"}})
    records.save_run(tmp_path, CONFIG, ["knn", "mlp"], {})
    assert records.load_runs(tmp_path)[0].metadata["versions"] == {
        "python": "3.12.0",
        "numpy": "2.4.6, 2.4.7",
        "torch": "2.14.1",
    }


def test_incomplete_runs_are_not_saved(tmp_path):
    write_run(tmp_path, {"knn": 0.5})
    (tmp_path / "comparison.csv").unlink()
    with pytest.raises(FileNotFoundError):
        records.save_run(tmp_path, CONFIG, ["knn"], {})
    assert list((tmp_path / "history").iterdir()) == []
    assert records.load_runs(tmp_path) == []


def test_leftovers_of_a_killed_job_are_removed(tmp_path):
    left = tmp_path / "history/.abc.part"
    left.mkdir(parents=True)
    (left / "run.json").touch()
    assert records.load_runs(tmp_path) == []
    run = save(tmp_path, {"knn": 0.5})
    assert list((tmp_path / "history").iterdir()) == [run.folder]


def test_runs_are_sorted_by_their_end(tmp_path):
    minutes = [3, 1, 2]
    for minute in minutes:
        save(tmp_path, {"knn": minute / 10}, minute)
    assert [run.accuracies["knn"] for run in records.load_runs(tmp_path)] == [0.1, 0.2, 0.3]


def test_runs_are_found_by_a_prefix_of_their_id_or_folder(tmp_path):
    first, second = (
        save(tmp_path, {"knn": 0.1}),
        save(tmp_path, {"knn": 0.2}, minutes=1),
    )
    runs = records.load_runs(tmp_path)
    assert records.find_run(runs, first.id) == first
    assert records.find_run(runs, second.id[:6]) == second
    assert records.find_run(runs, "2025-11-23T1023") == second
    with pytest.raises(UserError, match=f"nix matches no finished runs.*{first.id}, {second.id}"):
        records.find_run(runs, "nix")
    with pytest.raises(UserError, match="2025 matches 2 finished runs"):
        records.find_run(runs, "2025")


def test_changed_keys_and_metrics_of_two_runs(tmp_path):
    old = save(tmp_path, {"knn": 0.5, "mlp": 0.6})
    models = CONFIG["models"] | {"knn": {"family": "knn", "n_neighbors": 7}}
    new = save(tmp_path, {"knn": 0.75, "left_alone": 0.1}, 1, models=models, compare=["knn", "left_alone"])
    assert [tuple(change) for change in records.changed_keys(old, new)] == [
        ("compare", '["knn", "mlp"]', '["knn", "left_alone"]'),
        ("models.knn.n_neighbors", "5", "7"),
        ("models.left_alone.family", "-", "mlp"),
        ("models.left_alone.epochs", "-", "1"),
        ("models.mlp.family", "mlp", "-"),
        ("models.mlp.epochs", "10", "-"),
    ]
    assert records.changed_metrics(old, new) == [
        ["knn", "accuracy", 0.5, 0.75, 0.25],
        ["left_alone", "accuracy", None, 0.1, None],
        ["left_alone", "fit_seconds", None, 1.5, None],
        ["mlp", "accuracy", 0.6, None, None],
        ["mlp", "fit_seconds", 1.5, None, None],
    ]
    assert ["knn", "per_class.one.f1", 0.25, 0.375, 0.125] in records.changed_metrics(
        old, new, per_class=True
    )


def test_data_code_and_versions_count_as_changes(tmp_path):
    old = save(tmp_path, {"knn": 0.5})
    write_run(tmp_path, {"knn": 0.5}, numpy="2.5.0")
    write_json(tmp_path / "data/dataset.json", {"archive": {"sha256": "cd" * 32}})
    records.save_run(tmp_path, CONFIG, ["knn"], {"fit": "0ther"})
    assert [change.key for change in records.changed_keys(old, records.load_runs(tmp_path)[-1])] == [
        "archive sha256",
        "code.fit",
        "versions.numpy",
    ]


def test_the_summary_has_a_column_for_each_model_of_any_run(tmp_path):
    save(tmp_path, {"knn": 0.5, "mlp": 0.6})
    save(tmp_path, {"left_alone": 0.25, "knn": 0.5}, 1, compare=["left_alone", "knn"], seed=1)
    headers, rows = records.summary_table(records.load_runs(tmp_path))
    assert headers == ["ended (UTC)", "run", "left_alone", "knn", "mlp", "changed since the run before"]
    assert [row[2:5] for row in rows] == [["-", "0.5000", "0.6000"], ["0.2500", "0.5000", "-"]]
    assert rows[0][5] == ""
    assert rows[1][5].startswith("seed, compare, models.left_alone.family")


def test_commands_print_tables_and_markdown(tmp_path):
    results = tmp_path / "results"
    (results / "never_finished").mkdir(parents=True)
    first = save(results / "digits", {"knn": 0.5})
    alone = run_command("diff", "--results", results)
    assert alone.returncode == 1
    assert f"has no run before {first.id} to compare with" in alone.stderr
    second = save(results / "digits", {"knn": 0.75}, 1, seed=1)
    save(results / "tiny", {"knn": 0.1}, -9)

    listed = run_command("runs", "--results", results).stdout
    assert all(text in listed for text in (first.id, second.id, f"{results}/tiny"))

    def compared(*arguments: str) -> str:
        said = run_command("diff", "--results", results, *arguments).stdout
        return "\n".join(" ".join(line.split()) for line in said.splitlines())

    shown = compared()
    assert f"from {first.id} (2025-11-23 10:22:31 UTC) to {second.id}" in shown
    assert "seed 0 1" in shown and "knn accuracy 0.5 0.75 +0.25" in shown
    markdown = (results / "digits/history/diff.md").read_text()
    assert "| seed      | 0     | 1     |" in markdown
    assert "| knn     | accuracy |   0.5 |  0.75 |        +0.25 |" in markdown
    assert "knn accuracy 0.75 0.5 -0.25" in compared("--old", second.id, "--new", first.id)


def test_commands_without_runs_end_in_a_sentence(tmp_path):
    for name in ("runs", "diff"):
        answer = run_command(name, "--results", tmp_path)
        assert answer.returncode == 1
        assert answer.stderr.startswith(f"Error: {tmp_path} has no finished run; finish ")
        assert len(answer.stderr.splitlines()) == 1


def test_runs_of_all_names_are_found_and_compared(tmp_path):
    results = tmp_path / "results"
    old = save(results / "digits", {"knn": 0.5})
    new = save(results / "wide/digits", {"knn": 0.75}, 1, name="wide")
    assert records.folders_with_runs(results) == [results / "digits", results / "wide/digits"]
    assert records.folders_with_runs(results, "digits") == [results / "digits", results / "wide/digits"]
    assert records.folders_with_runs(results, "wide/digits") == [results / "wide/digits"]
    listed = run_command("runs", "--results", results).stdout
    assert f"{results}/digits\n" in listed and f"{results}/wide/digits\n" in listed
    compared = run_command("diff", "--results", results, "--old", old.id, "--new", new.id).stdout
    assert f"{results}/wide/digits: from {results}/digits {old.id}" in compared
    assert (results / "wide/digits/history/diff.md").is_file()


def test_replacing_results_of_another_configuration_is_described(tmp_path):
    run = save(tmp_path, {"knn": 0.5, "mlp": 0.6})

    def describe(**changes) -> str | None:
        return records.describe_replaced_run(LocalStore(tmp_path), "results/digits", CONFIG | changes)

    assert describe() is None
    # These keys do not affect the results.
    assert describe(figures={"text": {"font_size": 8}}, memory_mb=500) is None
    models = CONFIG["models"] | {"mlp": {"family": "mlp", "epochs": 20}}
    sentence = describe(models=models, seed=1, seeds=[1, 2], audit=False)
    assert sentence.startswith(f"results/digits holds the finished run {run.id} of another configuration")
    assert "models.mlp.epochs" in sentence and "1 more key)" in sentence and "set name:" in sentence
    assert records.describe_replaced_run(LocalStore(tmp_path / "new"), "results/new", CONFIG) is None
